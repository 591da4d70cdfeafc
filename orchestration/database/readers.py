"""Roles that may read the marts and the lists of reference, and nothing else."""

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from orchestration.database import connections, server
from orchestration.settings import Settings, UserError, reader_password, settings

ROOMS = ("marts", "reference")
"""What a reader sees."""
OURS = ("staging", "cleaned", "identity", "exports", "frontdesk", "dagster")
"""What a reader must not see, beside the schemas of raw rows."""
NAME = r"[a-z][a-z0-9_]{0,62}"
SETTINGS = {
    "default_transaction_read_only": ("on",),
    "search_path": ROOMS,
    "statement_timeout": ("5min",),
}
"""How a reader's sessions begin; what it may do is a matter of grants alone."""


@dataclass(frozen=True)
class Reader:
    """What became of the command."""

    name: str
    is_new: bool
    password_from: str | None
    """Where the password stands; none when it was left as it is."""
    address: str
    """How to connect, without the password."""


def create(
    name: str, password_file: Path | None = None, of: Settings | None = None
) -> Reader:
    """Make a role that reads the marts, or mend the one there is.

    Everything happens in one transaction: a reader that sees too much is none.
    """
    chosen = of or settings()
    given = _given(password_file)
    if not re.fullmatch(NAME, name):
        raise UserError(f"{name}: name a reader in lower case letters, digits and _")
    with connections.connect(_administrator(chosen)) as connection:
        _require_harmless(connection, name)
        try:
            is_new, source = _make_role(connection, name, given, chosen)
            for room in ROOMS:
                _open_room(connection, name, room, chosen)
        except psycopg.errors.InsufficientPrivilege as error:
            user = connection.info.user
            raise UserError(
                f"role {user} may not make readers ({error.diag.message_primary}):"
                f" alter role {user} createrole, and let it own marts and reference"
            ) from error
        except psycopg.errors.InternalError_ as error:
            # a table that is being rebuilt by something that holds no lock of ours
            raise UserError(
                f"tables are changing at this moment ({error.diag.message_primary}):"
                " the same command again"
            ) from error
        _require_blind(connection, name)
        database = connection.info.dbname
        host, port = connection.info.host, connection.info.port
    return Reader(name, is_new, source, f"{name}@{host}:{port}/{database}")


def _given(password_file: Path | None) -> tuple[str, str] | None:
    """Return the password that the user chose, and where it stands."""
    if password_file:
        password, source = password_file.read_text().strip(), str(password_file)
        if not password:
            raise UserError(f"{password_file} is empty: put the password into it")
        return password, source
    password = reader_password()
    return (password, "FRONTDESK_READER_PASSWORD") if password else None


def _administrator(chosen: Settings) -> str:
    """Return the address of whoever may make roles."""
    if chosen.dsn:
        return chosen.dsn
    connections.bootstrap(chosen)
    return connections.dsn(chosen, server.SUPERUSER)


def _require_harmless(connection: psycopg.Connection, name: str) -> None:
    """Refuse to turn a role that owns or may do things into a reader."""
    found = connection.execute(
        "select rolsuper or rolcreaterole or rolcreatedb or rolreplication"
        " or rolbypassrls"
        " or exists (select 1 from pg_auth_members where member = pg_roles.oid)"
        " or exists (select 1 from pg_shdepend"
        "  where refclassid = 'pg_authid'::regclass"
        "  and refobjid = pg_roles.oid and deptype = 'o')"
        " from pg_roles where rolname = %s",
        [name],
    ).fetchone()
    if name in (connections.OWNER, server.SUPERUSER) or (found and found[0]):
        raise UserError(
            f"role {name} owns things or may do more than read: choose another name"
        )


def _make_role(
    connection: psycopg.Connection,
    name: str,
    given: tuple[str, str] | None,
    chosen: Settings,
) -> tuple[bool, str | None]:
    """Make the role or leave it; return whether it is new, and where its password is.

    A password that somebody has typed into a tool is changed only when another is
    given. The server is sent a digest, so that no log of it holds the password.
    """
    role = sql.Identifier(name)
    known = connection.execute(
        "select 1 from pg_roles where rolname = %s", [name]
    ).fetchone()
    if not known:
        connection.execute(sql.SQL("create role {}").format(role))
    kept = server.Files(chosen.home).password(name)
    password, source = given or (None, str(kept) if kept.exists() else None)
    if given:
        # it would name another one
        kept.unlink(missing_ok=True)
    elif not known:
        password, source = server.passwords(chosen, name), str(kept)
    if password:
        digest = connection.pgconn.encrypt_password(
            password.encode(), name.encode(), b"scram-sha-256"
        ).decode()
        connection.execute(
            sql.SQL("alter role {} password {}").format(role, sql.Literal(digest))
        )
    connection.execute(sql.SQL("alter role {} login").format(role))
    database = sql.Identifier(connection.info.dbname)
    for setting, values in SETTINGS.items():
        connection.execute(
            sql.SQL("alter role {} in database {} set {} to {}").format(
                role,
                database,
                sql.Identifier(setting),
                sql.SQL(", ").join(map(sql.Literal, values)),
            )
        )
    return not known, source


def _open_room(
    connection: psycopg.Connection, name: str, room: str, chosen: Settings
) -> None:
    """Let a role read every table of a schema: those there are, those to come.

    A rebuilt table is a new one, so what its maker makes is readable from the start.
    """
    role, schema = sql.Identifier(name), sql.Identifier(room)
    user = connection.info.user
    maker = user if chosen.dsn else connections.OWNER
    connection.execute(
        sql.SQL("create schema if not exists {} authorization {}").format(
            schema, sql.Identifier(maker)
        )
    )
    connection.execute(sql.SQL("grant usage on schema {} to {}").format(schema, role))
    unread = connection.execute(
        "select relname from pg_class"
        " where relnamespace = to_regnamespace(%s) and relkind in ('r', 'v', 'm', 'p')"
        " and not has_table_privilege(%s, oid, 'select')",
        [room, name],
    ).fetchall()
    for (table,) in unread:
        connection.execute(
            sql.SQL("grant select on {} to {}").format(
                sql.Identifier(room, table), role
            )
        )
    owners = connection.execute(
        "select distinct pg_get_userbyid(owner) from ("
        " select nspowner as owner from pg_namespace where nspname = %(room)s"
        " union all select relowner from pg_class"
        " where relnamespace = to_regnamespace(%(room)s)"
        ") as owned",
        {"room": room},
    ).fetchall()
    for owner in {maker, *(owner for (owner,) in owners)}:
        connection.execute(
            sql.SQL(
                "alter default privileges for role {} in schema {}"
                " grant select on tables to {}"
            ).format(sql.Identifier(owner), schema, role)
        )


def _require_blind(connection: psycopg.Connection, name: str) -> None:
    """Fail when the role could read another room, whoever let it in."""
    seen = connection.execute(
        "select nspname from pg_namespace"
        " where has_schema_privilege(%s, oid, 'usage')"
        " and (nspname = any(%s) or nspname like 'raw\\_%%') order by nspname",
        [name, list(OURS)],
    ).fetchall()
    if seen:
        raise UserError(
            f"role {name} may look into {', '.join(row[0] for row in seen)}:"
            " revoke what it was granted there, then the same command again"
        )
