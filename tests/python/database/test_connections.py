"""Connections: what is made, what is refused, and that no password is shown."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from orchestration.database import connections, server
from orchestration.settings import Settings, UserError

FreshDsn = Callable[[], str]
guests = itertools.count()


def test_the_owner_is_no_superuser(server: Settings) -> None:
    """Nothing of the warehouse needs more than an ordinary role."""
    with connections.connect(connections.dsn(server)) as connection:
        rights = connection.execute(
            "select rolsuper, rolcreatedb, rolcreaterole from pg_roles"
            " where rolname = current_user"
        ).fetchone()
    assert rights == (False, False, False)


def test_bootstrap_may_be_repeated_and_run_twice_at_once(
    server: Settings, fresh_dsn: FreshDsn
) -> None:
    """Two that start on an empty database get in nobody's way."""
    chosen = replace(server, dsn=fresh_dsn())
    failures: list[BaseException] = []

    def bootstrap() -> None:
        try:
            connections.bootstrap(chosen)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=bootstrap) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with connections.connect(chosen.dsn) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'frontdesk' order by 1"
        ).fetchall()
    assert {"builds", "outbox"} <= {name for (name,) in tables}


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "foo=bar password=geheim",
        "postgresql://u:geheim@[::bad/x",
        "host=127.0.0.1 port=1 user=u password=geheim dbname=x",
        "postgresql://u:geheim@127.0.0.1:1/x",
    ],
)
def test_a_bad_address_is_one_line_without_the_password(address: str) -> None:
    """What cannot be reached is named, its secret is not."""
    with pytest.raises(UserError) as caught:
        connections.connect(address)
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_an_old_server_is_refused(
    server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frontdesk says which versions it needs."""
    monkeypatch.setattr(connections, "OLDEST", 99)
    with pytest.raises(UserError, match="Frontdesk needs 99 to 18"):
        connections.connect(connections.dsn(server))


def test_a_role_without_rights_is_told_what_to_grant(
    server: Settings, fresh_dsn: FreshDsn
) -> None:
    """On a server of the user's own, one grant is enough."""
    address = fresh_dsn()
    database = address.rpartition("/")[2]
    login = _guest(server)
    stranger = address.replace(address.split("//")[1].split("@")[0], login)
    with pytest.raises(UserError, match=f"grant create on database {database} to "):
        connections.bootstrap(replace(server, dsn=stranger))
    with connections.connect(address) as owner:
        role = login.partition(":")[0]
        owner.execute(f"grant create on database {database} to {role}")
    connections.bootstrap(replace(server, dsn=stranger))


def _guest(of: Settings) -> str:
    """Make a role that owns nothing; return its login as it stands in an address."""
    port = server.running_port(server.Files(of.home))
    password = server.passwords(of, server.SUPERUSER)
    admin = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    role = f"guest_{next(guests)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create role {role} login password 'a:b/c@d'")
    return f"{role}:a%3Ab%2Fc%40d"


def test_addresses_for_dbt_and_dagster_are_quoted(
    server: Settings, fresh_dsn: FreshDsn
) -> None:
    """A password with every awkward character reaches both."""
    import sqlalchemy

    address = fresh_dsn()
    login = _guest(server)
    guest = address.replace(address.split("//")[1].split("@")[0], login)
    variables = connections.dbt_environment(guest)
    assert variables["FRONTDESK_PG_PASSWORD"] == "a:b/c@d"
    engine = sqlalchemy.create_engine(connections.dagster_url(guest))
    with engine.connect() as connection:
        path = connection.execute(sqlalchemy.text("show search_path")).scalar()
    assert path == "dagster"
    assert "a:b/c@d" not in connections.describe(guest)


def test_postgres_15_will_do(postgres15: Settings, postgres15_dsn: str) -> None:
    """The oldest server we promise takes everything that bootstrap makes."""
    connections.bootstrap(replace(postgres15, dsn=postgres15_dsn))
    with connections.connect(postgres15_dsn) as connection:
        assert connection.info.server_version // 10000 == 15
        assert connection.execute("select count(*) from frontdesk.outbox").fetchone()
