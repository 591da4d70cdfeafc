"""Connections to the server in use, embedded or the user's own."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestration.database import server
from orchestration.settings import Settings, UserError, export, settings

DATABASE = "frontdesk"
OWNER = "frontdesk"
OLDEST = server.OLDEST
CONNECT_SECONDS = 10

OPERATIONS = """
create schema if not exists frontdesk;
create schema if not exists dagster;
create table if not exists frontdesk.outbox (
    id bigint generated always as identity primary key,
    created_at timestamptz not null default now(),
    kind text not null,
    subject text not null,
    detail jsonb not null default '{}',
    run_id text not null,
    unique (run_id, kind, subject)
);
create table if not exists frontdesk.builds (
    build_id bigint generated always as identity primary key,
    run_id text not null unique,
    job text not null,
    options text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    succeeded boolean,
    node_count bigint,
    failed jsonb not null default '[]',
    seconds jsonb not null default '{}'
);
"""
"""Tables of the machinery itself; the loaders add theirs."""

CANNOT_WARM = """
select to_regprocedure(
    'public.pg_prewarm(regclass, text, text, bigint, bigint)'
) is null
"""


def _uri(host: str, port: int, role: str, password: str, database: str) -> str:
    """Return a connection address with every part quoted."""
    return f"postgresql://{quote(role)}:{quote(password)}@{host}:{port}/{database}"


def dsn(of: Settings | None = None, role: str = OWNER) -> str:
    """Return the connection string of the warehouse; the server must run.

    Another role than the owner is one of the embedded server.
    """
    chosen = of or settings()
    if chosen.dsn:
        return chosen.dsn
    port = server.running_port(server.Files(chosen.home))
    if port is None:
        raise UserError("the database is not running: start it with `frontdesk up`")
    password = server.passwords(chosen, role)
    return _uri("127.0.0.1", port, role, password, DATABASE)


def connect(
    address: str | None = None, *, autocommit: bool = False
) -> psycopg.Connection:
    """Open a connection, or say in one line why not (never with the password)."""
    target = address or dsn()
    try:
        connection = psycopg.connect(
            target,
            autocommit=autocommit,
            connect_timeout=CONNECT_SECONDS,
            application_name="frontdesk",
        )
    except psycopg.ProgrammingError as error:
        raise UserError(
            "FRONTDESK_DSN is no connection string:"
            " write it as postgresql://user:password@host:port/database"
        ) from error
    except psycopg.OperationalError as error:
        lines = str(error).strip().splitlines()
        reason = next((line for line in lines if "failed:" in line), lines[0])
        raise UserError(f"cannot reach the database: {reason.strip()}") from error
    if connection.info.server_version < OLDEST * 10000:
        version = connection.info.server_version // 10000
        connection.close()
        raise UserError(
            f"the server is Postgres {version}; Frontdesk needs {OLDEST} to 18"
        )
    return connection


def bootstrap(of: Settings | None = None) -> None:
    """Make role, database and the schemas of the machinery where they are missing."""
    chosen = of or settings()
    if not chosen.dsn:
        _make_database(chosen)
    with connect(dsn(chosen)) as connection:
        info = connection.info
        try:
            # two at once would both find the schema missing
            connection.execute(
                "select pg_advisory_xact_lock(hashtext('frontdesk bootstrap'))"
            )
            connection.execute(OPERATIONS)
            cannot_warm = connection.execute(CANNOT_WARM).fetchone()[0]
        except psycopg.errors.InsufficientPrivilege as error:
            raise UserError(
                f"role {info.user} may not create schemas in database {info.dbname}:"
                f" grant create on database {info.dbname} to {info.user}"
            ) from error
    if cannot_warm and not chosen.dsn:
        _let_warm(chosen)


def _make_database(chosen: Settings) -> None:
    """Make the owner role and the database on the embedded server."""
    port = server.running_port(server.Files(chosen.home))
    if port is None:
        raise UserError("the database is not running: start it with `frontdesk up`")
    owner = sql.Identifier(OWNER)
    secret = sql.Literal(server.passwords(chosen, OWNER))
    with connect(_superuser(chosen, port, "postgres"), autocommit=True) as connection:
        # held by the session: create database does not run inside a transaction
        connection.execute("select pg_advisory_lock(hashtext('frontdesk bootstrap'))")
        known = connection.execute(
            "select 1 from pg_roles where rolname = %s", [OWNER]
        ).fetchone()
        verb = sql.SQL("alter" if known else "create")
        connection.execute(
            sql.SQL("{} role {} login password {}").format(verb, owner, secret)
        )
        if not connection.execute(
            "select 1 from pg_database where datname = %s", [DATABASE]
        ).fetchone():
            connection.execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(DATABASE), owner
                )
            )


def _superuser(chosen: Settings, port: int, database: str) -> str:
    """Return the address of a database of the embedded server for its superuser."""
    password = server.passwords(chosen, server.SUPERUSER)
    return _uri("127.0.0.1", port, server.SUPERUSER, password, database)


def _let_warm(chosen: Settings) -> None:
    """Add `pg_prewarm`, by which builds read new tables ahead; only a superuser may.

    Databases to come have it from `template1`. A server without it works as well.
    """
    port = server.running_port(server.Files(chosen.home))
    for database in ("template1", DATABASE):
        address = _superuser(chosen, port, database)
        with (
            connect(address, autocommit=True) as connection,
            suppress(psycopg.errors.FeatureNotSupported),
        ):
            connection.execute(
                "create extension if not exists pg_prewarm schema public"
            )


@dataclass(frozen=True)
class Address:
    """A connection string taken apart, as libpq resolved it."""

    host: str
    port: int
    user: str
    password: str
    database: str
    extra: dict[str, str]


@cache
def resolve(target: str) -> Address:
    """Connect once and return what libpq made of the connection string."""
    with connect(target) as connection:
        info = connection.info
        given = conninfo_to_dict(target)
        kept = {
            name: str(value)
            for name, value in given.items()
            if name.startswith("ssl") or name in ("channel_binding", "gssencmode")
        }
        return Address(
            host=info.host,
            port=info.port,
            user=info.user,
            password=info.password,
            database=info.dbname,
            extra=kept,
        )


def dbt_environment(target: str | None = None) -> dict[str, str]:
    """Return the variables that profiles.yml and libpq read."""
    address = resolve(target or dsn())
    variables = {
        "FRONTDESK_PG_HOST": address.host,
        "FRONTDESK_PG_PORT": str(address.port),
        "FRONTDESK_PG_USER": address.user,
        "FRONTDESK_PG_PASSWORD": address.password,
        "FRONTDESK_PG_DATABASE": address.database,
        "FRONTDESK_DBT_THREADS": str(settings().dbt_threads),
    }
    for name, value in address.extra.items():
        variables[f"PG{name.replace('_', '').upper()}"] = value
    return variables


def dagster_url(target: str | None = None) -> str:
    """Return the address of Dagster's own tables: same database, own schema."""
    address = resolve(target or dsn())
    # an event is a commit: waiting for the disk each time would double a build
    options = "-csearch_path=dagster -csynchronous_commit=off"
    query = {"options": options, **address.extra}
    place = f"{address.host}:{address.port}"
    if address.host.startswith("/"):
        query |= {"host": address.host, "port": str(address.port)}
        place = ""
    login = quote(address.user, safe="")
    if address.password:
        login += f":{quote(address.password, safe='')}"
    return (
        f"postgresql+psycopg2://{login}@{place}/{quote(address.database)}"
        f"?{urlencode(query, quote_via=quote)}"
    )


def describe(target: str | None = None) -> str:
    """Return the connection string without its password, fit for printing."""
    parts = conninfo_to_dict(target or dsn())
    parts.pop("password", None)
    return make_conninfo(**parts)


def open_psql(arguments: Sequence[str]) -> None:
    """Become psql on the warehouse; the password stays out of the process list."""
    address = resolve(dsn())
    program = server.binaries(settings().postgres_bin) / "psql"
    if not program.exists():
        raise UserError(f"{program.parent} has no psql: unset FRONTDESK_PG_BIN")
    if address.password:
        export({"PGPASSWORD": address.password})
    os.execv(program, [str(program), describe(), *arguments])
