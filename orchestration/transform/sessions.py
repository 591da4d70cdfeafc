"""The sessions of Postgres that dbt works in."""

from typing import ClassVar

import psycopg2
from dbt.adapters.contracts.connection import ConnectionState
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.adapters.postgres.impl import PostgresAdapter

FORGET = "discard temporary; reset all"
"""Leaves a session as it was when it was opened."""


class KeptSessions(PostgresConnectionManager):
    """One session per thread for a whole run, not one for each node.

    A new session costs a log-in, a process of the server and what that has to read of
    the catalogue again: for a node of little work, more than the work. dbt closes what
    is kept when its run ends.
    """

    TYPE: ClassVar[str] = PostgresConnectionManager.TYPE

    def release(self) -> None:
        """End the node's transaction, forget what it made, keep the session."""
        kept = self.get_if_exists()
        if kept is None or kept.state != ConnectionState.OPEN:
            super().release()
            return
        try:
            kept.handle.rollback()
            kept.transaction_open = False
            with kept.handle.cursor() as cursor:
                cursor.execute(FORGET)
            kept.handle.commit()
        except psycopg2.Error:
            # cut off, or ended by someone: the next node opens another
            super().release()


def keep_sessions() -> None:
    """Let every dbt that runs in this process keep its sessions."""
    PostgresAdapter.ConnectionManager = KeptSessions
