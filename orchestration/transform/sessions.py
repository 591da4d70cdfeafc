"""The sessions of Postgres that dbt works in."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import SpawnContext
from typing import Any, ClassVar

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
    is kept when its run ends, unless its process holds it for the next one
    (`held_between_runs`).
    """

    TYPE: ClassVar[str] = PostgresConnectionManager.TYPE

    held: ClassVar[dict[str, list[tuple[Any, float]]] | None] = None
    """By address, the sessions of ended runs and since when they rest; none where they
    end with the run."""

    def __init__(
        self, profile: AdapterRequiredConfig, mp_context: SpawnContext
    ) -> None:
        """Keep nothing yet."""
        super().__init__(profile, mp_context)
        self._resting_since: dict[int, float] = {}
        """By thread, when its session was last released."""

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Take up a session of an ended run, or begin one."""
        while connection.state != ConnectionState.OPEN and cls.held:
            # threads take them at the same time: the last one in hand may be gone
            try:
                handle, since = cls.held[_address(connection)].pop()
            except LookupError:
                break
            if _is_fit(handle, since):
                connection.handle = handle
                connection.state = ConnectionState.OPEN
            else:
                _close(handle)
        return super().open(connection)

    def cleanup_all(self) -> None:
        """End what is kept, or hold it for the next run."""
        if self.held is not None:
            with self.lock:
                self._close_the_idle()
                for connection in self.thread_connections.values():
                    self._hold(connection)
        super().cleanup_all()

    def _close_the_idle(self) -> None:
        """Close what earlier runs left and this one had no use for."""
        for resting in self.held.values():
            # the longest rest comes first
            while resting and time.monotonic() - resting[0][1] > IDLE_SECONDS:
                _close(resting.pop(0)[0])

    def _hold(self, connection: Connection) -> None:
        """Leave a session to the next run, unless it is in the middle of something."""
        if connection.state != ConnectionState.OPEN or connection.transaction_open:
            return
        try:
            # what dbt only asked began a transaction too
            connection.handle.rollback()
        except psycopg2.Error:
            return
        resting = self.held.setdefault(_address(connection), [])
        resting.append((connection.handle, time.monotonic()))
        connection.handle = None
        connection.state = ConnectionState.CLOSED

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
        if (
            since is not None
            and kept is not None
            and not (kept.state == ConnectionState.OPEN and _is_fit(kept.handle, since))
        ):
            # the next one is opened when it is needed
            self.close(kept)
        return super().set_connection_name(name)


def _address(connection: Connection) -> str:
    """Return what tells whether a session is what a run would open."""
    wanted = connection.credentials.to_dict(omit_none=True)
    return repr((sorted(wanted.items()), os.environ.get("PGOPTIONS")))


def _is_fit(handle: Any, since: float) -> bool:  # noqa: ANN401 - psycopg2 or its double
    """Forget what the last node made and set; say whether the session can be used."""
    if time.monotonic() - since > IDLE_SECONDS:
        return False
    try:
        with handle.cursor() as cursor:
            cursor.execute(FORGET)
        handle.commit()
    except psycopg2.Error:
        return False
    return True


def _close(handle: Any) -> None:  # noqa: ANN401 - psycopg2 or its double
    """Close a session that may be gone."""
    with suppress(psycopg2.Error):
        handle.close()


def keep_sessions() -> None:
    """Let every dbt that runs in this process keep its sessions."""
    PostgresAdapter.ConnectionManager = KeptSessions


@contextmanager
def held_between_runs() -> Iterator[None]:
    """Let one dbt run after the other in this process work in the same sessions."""
    KeptSessions.held = {}
    try:
        yield
    finally:
        held, KeptSessions.held = KeptSessions.held, None
        for resting in held.values():
            for handle, _ in resting:
                _close(handle)
