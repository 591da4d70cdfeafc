"""Roles that may read the marts and lists, or ask for a customer, and nothing else."""

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from orchestration.database import connections, server
from orchestration.settings import Settings, UserError, reader_password, settings


@dataclass(frozen=True)
class Audience:
    """What a kind of reader may see."""

    reads: tuple[str, ...] = ()
    """Schemas of which it reads every table."""
    calls: tuple[str, ...] = ()
    """Schemas of which it calls every function."""
    patience: str = "5min"
    """How long a statement may take."""

    @property
    def rooms(self) -> tuple[str, ...]:
        """Return the schemas it may look into."""
        return self.reads + self.calls

    @property
    def settings(self) -> dict[str, tuple[str, ...]]:
        """Return how its sessions begin; what it may do is a matter of grants alone."""
        return {
            "default_transaction_read_only": ("on",),
            "search_path": self.rooms,
            "statement_timeout": (self.patience,),
        }


ANALYSTS = Audience(reads=("marts", "reference"))
SCREENS = Audience(calls=("exports",), patience="5s")
"""An agent's screen asks for one customer at a time, and cannot list them."""
WALL = Audience(reads=("marts", "reference", "live", "alerts"), patience="2s")
"""The live page: what the marts say, what this second says, what is wrong."""
OURS = (
    *("staging", "cleaned", "identity", "marts", "exports", "reference"),
    *("live", "alerts", "frontdesk", "dagster"),
)
"""Every schema of ours beside those of raw rows."""
NAME = r"[a-z][a-z0-9_]{0,62}"


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
    name: str,
    password_file: Path | None = None,
    audience: Audience = ANALYSTS,
    of: Settings | None = None,
) -> Reader:
    """Make a role that reads what its audience may, or mend the one there is.

    Everything happens in one transaction: a reader that sees too much is none.
    """
    chosen = of or settings()
    given = _given(password_file)
    if not re.fullmatch(NAME, name):
        raise UserError(f"{name}: name a reader in lower case letters, digits and _")
    with connections.connect(_administrator(chosen)) as connection:
        _require_harmless(connection, name)
        try:
            is_new, source = _make_role(connection, name, given, audience, chosen)
            for room in audience.rooms:
                _open_room(connection, name, room, chosen)
            for room in audience.reads:
                _open_tables(connection, name, room)
            for room in audience.calls:
                _open_functions(connection, name, room)
        except psycopg.errors.InsufficientPrivilege as error:
            user = connection.info.user
            raise UserError(
                f"role {user} may not make readers ({error.diag.message_primary}):"
                f" alter role {user} createrole, and let it own"
                f" {' and '.join(audience.rooms)}"
            ) from error
        except psycopg.errors.InternalError_ as error:
            # a table that is being rebuilt by something that holds no lock of ours
            raise UserError(
                f"tables are changing at this moment ({error.diag.message_primary}):"
                " the same command again"
            ) from error
        _require_blind(connection, name, audience)
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
    audience: Audience,
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
    for setting, values in audience.settings.items():
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
    """Let a role into a schema, which may not be there yet."""
    role, schema = sql.Identifier(name), sql.Identifier(room)
    maker = connection.info.user if chosen.dsn else connections.OWNER
    connection.execute(
        sql.SQL("create schema if not exists {} authorization {}").format(
            schema, sql.Identifier(maker)
        )
    )
    connection.execute(sql.SQL("grant usage on schema {} to {}").format(schema, role))


def _open_tables(connection: psycopg.Connection, name: str, room: str) -> None:
    """Let a role read every table of a schema: those there are, those to come.

    A rebuilt table is a new one, so what its maker makes is readable from the start.
    """
    unread = connection.execute(
        "select relname from pg_class"
        " where relnamespace = to_regnamespace(%s) and relkind in ('r', 'v', 'm', 'p')"
        " and not has_table_privilege(%s, oid, 'select')",
        [room, name],
    ).fetchall()
    for (table,) in unread:
        connection.execute(
            sql.SQL("grant select on {} to {}").format(
                sql.Identifier(room, table), sql.Identifier(name)
            )
        )
    _open_what_comes(connection, name, room, sql.SQL("select on tables"))


def _open_functions(connection: psycopg.Connection, name: str, room: str) -> None:
    """Let a role call every function of a schema: those there are, those to come."""
    connection.execute(
        sql.SQL("grant execute on all functions in schema {} to {}").format(
            sql.Identifier(room), sql.Identifier(name)
        )
    )
    _open_what_comes(connection, name, room, sql.SQL("execute on functions"))


def _open_what_comes(
    connection: psycopg.Connection, name: str, room: str, right: sql.SQL
) -> None:
    """Grant a right on what the owners in a schema will make there."""
    owners = connection.execute(
        "select distinct pg_get_userbyid(owner) from ("
        " select nspowner as owner from pg_namespace where nspname = %(room)s"
        " union all select relowner from pg_class"
        " where relnamespace = to_regnamespace(%(room)s)"
        ") as owned",
        {"room": room},
    ).fetchall()
    for (owner,) in owners:
        connection.execute(
            sql.SQL(
                "alter default privileges for role {} in schema {} grant {} to {}"
            ).format(
                sql.Identifier(owner), sql.Identifier(room), right, sql.Identifier(name)
            )
        )


def _require_blind(
    connection: psycopg.Connection, name: str, audience: Audience
) -> None:
    """Fail when the role could see more than its audience, whoever let it in."""
    seen = connection.execute(
        "select nspname from pg_namespace"
        " where has_schema_privilege(%s, oid, 'usage')"
        " and (nspname = any(%s) or nspname like 'raw\\_%%') order by nspname",
        [name, [room for room in OURS if room not in audience.rooms]],
    ).fetchall()
    seen += connection.execute(
        "select oid::regclass::text from pg_class"
        " where relnamespace::regnamespace::text = any(%s)"
        " and relkind in ('r', 'v', 'm', 'p')"
        " and has_table_privilege(%s, oid, 'select') order by 1 limit 5",
        [list(audience.calls), name],
    ).fetchall()
    if seen:
        raise UserError(
            f"role {name} may look into {', '.join(row[0] for row in seen)}:"
            " revoke what it was granted there, then the same command again"
        )
