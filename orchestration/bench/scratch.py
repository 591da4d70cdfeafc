"""A database of its own for a benchmark, dropped at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestration.settings import UserError, exported, settings

LOCK = "select pg_try_advisory_lock(hashtextextended(%s, 0))"


@contextmanager
def scratch(
    name: str, *, keep: bool = False
) -> Iterator[tuple[str, psycopg.Connection]]:
    """Make an empty database and drop it, unless it is to be kept.

    Yields its address, and the connection that made it, to another database. The next
    of the same name drops a kept one; two at once are refused.
    """
    from orchestration.database import connections

    address = connections.dsn()
    owner = connections.resolve(address).user
    with connections.connect(_administrator(), autocommit=True) as connection:
        if not connection.execute(LOCK, [name]).fetchone()[0]:
            raise UserError(f"another benchmark uses database {name}: wait for it")
        try:
            _drop(connection, name)
            connection.execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(name), sql.Identifier(owner)
                )
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise UserError(
                f"role {connection.info.user} may not make database {name}"
                f" ({error.diag.message_primary}): alter role {connection.info.user}"
                " createdb, or unset FRONTDESK_DSN"
            ) from error
        try:
            yield make_conninfo(address, dbname=name), connection
        finally:
            if not keep:
                _drop(connection, name)


@contextmanager
def pointed_at(address: str, **more: str) -> Iterator[None]:
    """Let everything in this process use another database for a while."""
    try:
        with exported({"FRONTDESK_DSN": address, **more}):
            settings.cache_clear()
            yield
    finally:
        settings.cache_clear()


def _administrator() -> str:
    """Return the address of a role that may make databases."""
    from orchestration.database import connections, server

    chosen = settings()
    if chosen.dsn:
        return chosen.dsn
    return make_conninfo(
        connections.dsn(),
        user=server.SUPERUSER,
        password=server.passwords(chosen, server.SUPERUSER),
        dbname="postgres",
    )


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    )
