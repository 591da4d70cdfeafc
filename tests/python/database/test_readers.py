"""A reader sees marts and reference, whatever is rebuilt, and nothing else."""

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestration.database import connections, readers, server
from orchestration.settings import Settings, UserError
from tests.python.warehouse import Warehouse

Copy = Callable[[str], str]
PASSWORD = "chosen by a person"
FORBIDDEN = {
    "raw_phone": "raw_phone.calls",
    "staging": "staging.stg_phone__calls",
    "cleaned": "cleaned.int_calls__cleaned",
    "identity": "identity.int_records__resolved",
    "exports": "exports.export_agent_assist__customer_context",
    "frontdesk": "frontdesk.watermarks",
}


@pytest.fixture
def name(server: Settings) -> Iterator[str]:
    """Return the name of a reader that is not there yet."""
    yield f"reader_{os.getpid()}"
    (server.home / f"reader_{os.getpid()}.password").unlink(missing_ok=True)


@pytest.fixture
def administered(
    built: Warehouse, copy_of: Copy, server: Settings, name: str
) -> Iterator[Settings]:
    """Return the settings of a built warehouse as an administrator reaches it."""
    warehouse = copy_of(built.dsn)
    address = make_conninfo(
        connections.dsn(server, "postgres"), dbname=warehouse.rpartition("/")[2]
    )
    yield replace(server, dsn=address)
    with psycopg.connect(address, autocommit=True) as connection:
        if connection.execute(
            "select 1 from pg_roles where rolname = %s", [name]
        ).fetchone():
            role = sql.Identifier(name)
            connection.execute(sql.SQL("drop owned by {}").format(role))
            connection.execute(sql.SQL("drop role {}").format(role))


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose the password by the environment."""
    monkeypatch.setenv("FRONTDESK_READER_PASSWORD", PASSWORD)


def as_reader(of: Settings, name: str, password: str = PASSWORD) -> psycopg.Connection:
    """Log in as the reader."""
    return psycopg.connect(
        make_conninfo(of.dsn, user=name, password=password), autocommit=True
    )


def readable(connection: psycopg.Connection) -> set[str]:
    """Return every table that the role may read, outside the server's own schemas."""
    return {
        row[0]
        for row in connection.execute(
            "select nspname || '.' || relname from pg_class"
            " inner join pg_namespace on pg_namespace.oid = relnamespace"
            " where relkind in ('r', 'v', 'm', 'p')"
            " and nspname not in ('pg_catalog', 'information_schema')"
            " and has_schema_privilege(relnamespace, 'usage')"
            " and has_table_privilege(pg_class.oid, 'select')"
        )
    }


def test_a_reader_sees_what_it_should_and_no_more(
    administered: Settings, name: str, chosen: None
) -> None:
    """Every mart and every list; no other room, and nothing may be written."""
    made = readers.create(name, of=administered)
    assert made.is_new
    assert PASSWORD not in repr(made)
    with psycopg.connect(administered.dsn) as connection:
        wanted = {
            row[0]
            for row in connection.execute(
                "select schemaname || '.' || tablename from pg_tables"
                " where schemaname in ('marts', 'reference')"
            )
        }
        for place in FORBIDDEN.values():
            connection.execute(f"select 1 from {place} limit 1")
    with as_reader(administered, name) as connection:
        assert readable(connection) == wanted
        assert len(wanted) > 60
        # without its schema, too
        found = connection.execute("select count(*) from fct_interactions").fetchone()
        assert found[0] > 0
        for place in FORBIDDEN.values():
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select 1 from {place} limit 1")
        connection.execute("set default_transaction_read_only to off")
        for statement in (
            "delete from marts.dim_channels",
            "update reference.seed_channels set channel = 'x'",
            "truncate marts.dim_channels",
            "create table marts.mine (x integer)",
            "create table public.mine (x integer)",
            "create schema mine",
            "drop table marts.dim_channels",
        ):
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(statement)
            assert refused.value.sqlstate == "42501", statement


def test_a_reader_reads_on_after_a_rebuild(
    administered: Settings, name: str, chosen: None, server: Settings
) -> None:
    """A mart and a list that are built from their start are other tables."""
    readers.create(name, of=administered)
    oids = "select 'marts.dim_channels'::regclass::oid, 'seed_queues'::regclass::oid"
    with as_reader(administered, name) as connection:
        before = connection.execute(oids).fetchone()
    database = conninfo_to_dict(administered.dsn)["dbname"]
    warehouse = Warehouse(connections.dsn(server).rpartition("/")[0] + f"/{database}")
    warehouse.dbt("run", "--full-refresh", "--select", "dim_channels", "kpi_bot_daily")
    warehouse.dbt("seed", "--full-refresh", "--select", "seed_queues")
    with as_reader(administered, name) as connection:
        after = connection.execute(oids).fetchone()
        assert all(one != other for one, other in zip(before, after, strict=True))
        for place in ("marts.dim_channels", "marts.kpi_bot_daily", "seed_queues"):
            assert connection.execute(f"select count(*) from {place}").fetchone()[0] > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select 1 from identity.int_records__resolved limit 1")


def test_a_screen_asks_and_cannot_list(
    administered: Settings, name: str, chosen: None, server: Settings
) -> None:
    """It gets the card of one customer, reads no table, and goes on after a rebuild."""
    readers.create(name, audience=readers.SCREENS, of=administered)
    phone, customer_id, known = ask(
        administered.dsn,
        "select phone, customer_id, exports.customer_context(phone)"
        " from marts.customer_360 where phone is not null order by 2 limit 1",
    )
    assert known["customer"]["customer_id"] == customer_id
    database = conninfo_to_dict(administered.dsn)["dbname"]
    warehouse = Warehouse(connections.dsn(server).rpartition("/")[0] + f"/{database}")
    with as_reader(administered, name) as connection:
        assert readable(connection) == set()
        for place in (*FORBIDDEN.values(), "marts.dim_channels", "marts.customer_360"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select 1 from {place} limit 1")
    with psycopg.connect(administered.dsn, autocommit=True) as connection:
        connection.execute("drop function exports.customer_context")
    warehouse.dbt("run", "--select", "dim_channels")
    with as_reader(administered, name) as connection:
        asked = "select exports.customer_context(%s)"
        assert connection.execute(asked, [phone]).fetchone()[0] == known
    # who only reads marts may not ask, and nobody is both
    with pytest.raises(UserError, match="may look into exports"):
        readers.create(name, of=administered)


def ask(address: str, statement: str) -> tuple:
    """Return the one row of a statement."""
    with psycopg.connect(address) as connection:
        return connection.execute(statement).fetchone()


def test_the_command_may_be_repeated(
    administered: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A made-up password is kept for its owner; it changes only on demand."""
    first = readers.create(name, of=administered)
    kept = server.Files(administered.home).password(name)
    assert first.password_from == str(kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    made_up = kept.read_text()
    assert len(made_up) >= 24
    again = readers.create(name, of=administered)
    assert (again.is_new, again.password_from) == (False, str(kept))
    assert kept.read_text() == made_up
    as_reader(administered, name, made_up).close()
    monkeypatch.setenv("FRONTDESK_READER_PASSWORD", PASSWORD)
    readers.create(name, of=administered)
    as_reader(administered, name).close()
    assert not kept.exists()
    monkeypatch.delenv("FRONTDESK_READER_PASSWORD")
    assert readers.create(name, of=administered).password_from is None
    as_reader(administered, name).close()


def test_the_command_prints_no_password(
    server: Settings, frontdesk: Callable[..., subprocess.CompletedProcess], name: str
) -> None:
    """Where it is kept, how to connect; also before anything was built."""
    done = frontdesk("reader", "create", name)
    assert done.returncode == 0, done.stderr
    kept = (server.home / f"{name}.password").read_text()
    assert f"{name}.password" in done.stdout
    assert kept not in done.stdout + done.stderr
    address = make_conninfo(connections.dsn(server), user=name, password=kept)
    with psycopg.connect(address) as connection:
        assert readable(connection) == set()
    with psycopg.connect(connections.dsn(server, "postgres")) as connection:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("drop owned by {}").format(role))
        connection.execute(sql.SQL("drop role {}").format(role))


def test_a_password_may_stand_in_a_file(
    administered: Settings, name: str, tmp_path: Path
) -> None:
    """Its line end is no part of it; an empty one is refused."""
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    assert readers.create(name, file, of=administered).password_from == str(file)
    as_reader(administered, name).close()
    file.write_text("\n")
    with pytest.raises(UserError, match="is empty"):
        readers.create(name, file, of=administered)


@pytest.mark.parametrize("taken", ["frontdesk", "postgres"])
def test_a_role_that_may_do_more_is_no_reader(server: Settings, taken: str) -> None:
    """Its password is not touched either."""
    with pytest.raises(UserError, match="choose another name"):
        readers.create(taken, of=server)
    with connections.connect(connections.dsn(server, taken)):
        pass


@pytest.mark.parametrize("wrong", ["", "Analyst", "a b", 'x"; drop', "1st", "a" * 64])
def test_a_name_is_plain(server: Settings, wrong: str) -> None:
    """It is typed into many tools."""
    with pytest.raises(UserError, match="lower case"):
        readers.create(wrong, of=server)


def test_a_reader_that_would_see_more_is_not_made(
    administered: Settings, name: str, chosen: None
) -> None:
    """What was granted to all, or to the role, is named."""
    with psycopg.connect(administered.dsn, autocommit=True) as connection:
        connection.execute("grant usage on schema identity to public")
    with pytest.raises(UserError, match="may look into identity"):
        readers.create(name, of=administered)
    with psycopg.connect(administered.dsn, autocommit=True) as connection:
        assert not connection.execute(
            "select 1 from pg_roles where rolname = %s", [name]
        ).fetchone()


def test_who_may_not_make_roles_is_told_how(
    built: Warehouse, name: str, server: Settings
) -> None:
    """One line, with the remedy."""
    with pytest.raises(UserError, match="createrole"):
        readers.create(name, of=replace(server, dsn=built.dsn))


def test_a_role_that_may_make_roles_is_enough(
    server: Settings, fresh_dsn: Callable[[], str], name: str, chosen: None
) -> None:
    """On a server of the user's own nobody needs to be superuser."""
    own = replace(server, dsn=fresh_dsn())
    administrator = make_conninfo(
        connections.dsn(server, "postgres"), dbname=conninfo_to_dict(own.dsn)["dbname"]
    )
    role = sql.Identifier(name)
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute("alter role frontdesk createrole")
        try:
            for is_new in (True, False):
                assert readers.create(name, of=own).is_new == is_new
            with psycopg.connect(own.dsn) as owner:
                owner.execute("create table marts.later as select 1 as x")
            with as_reader(own, name) as reader:
                assert readable(reader) == {"marts.later"}
        finally:
            connection.execute("alter role frontdesk nocreaterole")
            connection.execute(sql.SQL("drop owned by {}").format(role))
            connection.execute(sql.SQL("drop role {}").format(role))
