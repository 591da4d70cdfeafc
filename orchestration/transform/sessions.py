"""The sessions of Postgres that dbt works in."""

import threading
import time
from multiprocessing.context import SpawnContext
from typing import ClassVar

import psycopg2
from dbt.adapters.contracts.connection import (
    AdapterRequiredConfig,
    Connection,
    ConnectionState,
)
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.adapters.postgres.impl import PostgresAdapter

FORGET = "discard temporary; reset all"
"""Leaves a session as it was when it was opened, and tells whether it still lives."""

IDLE_SECONDS = 60.0
"""A session that rested longer may have been cut on its way, unknown to either end."""


class KeptSessions(PostgresConnectionManager):
    """One session per thread for a whole run, not one for each node.

    A new session costs a log-in, a process of the server and what that has to read of
    the catalogue again: for a node of little work, more than the work. dbt closes what
    is kept when its run ends.
    """

    TYPE: ClassVar[str] = PostgresConnectionManager.TYPE

    def __init__(
        self, profile: AdapterRequiredConfig, mp_context: SpawnContext
    ) -> None:
        """Keep nothing yet."""
        super().__init__(profile, mp_context)
        self._resting_since: dict[int, float] = {}
        """By thread, when its session was last released."""

    def release(self) -> None:
        """End the node's transaction, keep the session."""
        kept = self.get_if_exists()
        if kept is None or kept.state != ConnectionState.OPEN:
            super().release()
            return
        try:
            kept.handle.rollback()
        except psycopg2.Error:
            super().release()
            return
        kept.transaction_open = False
        self._resting_since[threading.get_ident()] = time.monotonic()

    def set_connection_name(self, name: str | None = None) -> Connection:
        """Give a node the session of its thread, as if it were new."""
        since = self._resting_since.pop(threading.get_ident(), None)
        kept = self.get_if_exists()
        if since is not None and kept is not None and not _is_fit(kept, since):
            # the next one is opened when it is needed
            self.close(kept)
        return super().set_connection_name(name)


def _is_fit(kept: Connection, since: float) -> bool:
    """Forget what the last node made and set; say whether the session can be used."""
    if kept.state != ConnectionState.OPEN or time.monotonic() - since > IDLE_SECONDS:
        return False
    try:
        with kept.handle.cursor() as cursor:
            cursor.execute(FORGET)
        kept.handle.commit()
    except psycopg2.Error:
        return False
    return True


def keep_sessions() -> None:
    """Let every dbt that runs in this process keep its sessions."""
    PostgresAdapter.ConnectionManager = KeptSessions
