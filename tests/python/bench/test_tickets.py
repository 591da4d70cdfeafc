"""The benchmark of tickets: what it writes is plausible, what it counts is there."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from rich.console import Console

from orchestration.bench import tickets, zendesk
from orchestration.bench.cpu import server_clock, settle
from orchestration.settings import Settings

TICKETS = 400
DAY = 20


@pytest.fixture(scope="module")
def account(fresh_dsn: Callable[[], str]) -> Iterator[psycopg.Connection]:
    """Return a database with an account of a few tickets."""
    with psycopg.connect(fresh_dsn(), autocommit=True) as connection:
        zendesk.write(connection, zendesk.Account(TICKETS))
        connection.execute("set search_path to raw_zendesk")
        yield connection


def value(connection: psycopg.Connection, query: str) -> object:
    """Return the one value of a query."""
    return connection.execute(query).fetchone()[0]


STATUSES = """
select
    history.ticket_id,
    history.value,
    history.updated,
    ticket.status,
    ticket.created_at,
    lag(history.value) over life as former,
    lead(history.value) over life as following
from ticket_field_history as history
inner join ticket on history.ticket_id = ticket.id
where history.field_name = 'status'
window life as (partition by history.ticket_id order by history.updated)
"""


def test_a_ticket_has_the_rows_it_should(account: psycopg.Connection) -> None:
    """About thirteen changes and five comments; most tickets are done."""
    assert value(account, "select count(*) from ticket") == TICKETS
    changes = value(account, "select count(*) from ticket_field_history")
    assert 12 < changes / TICKETS < 14.5
    comments = value(account, "select count(*) from ticket_comment")
    assert 4.5 < comments / TICKETS < 5.5
    live = value(
        account, "select count(*) from ticket where status not in ('solved', 'closed')"
    )
    assert 0 < live / TICKETS < 0.08


def test_statuses_follow_one_another(account: psycopg.Connection) -> None:
    """From new at the creation to the status the ticket is in."""
    wrong = f"select count(*) from ({STATUSES}) as moves where "
    assert value(account, wrong + "former is null and value <> 'new'") == 0
    assert value(account, wrong + "former is null and updated <> created_at") == 0
    assert value(account, wrong + "following is null and value <> status") == 0
    assert value(account, wrong + "former = value or former = 'closed'") == 0


def test_comments_and_targets_come_at_their_time(account: psycopg.Connection) -> None:
    """Replies after the creation; targets with the creation or a priority."""
    early = (
        "select count(*) from ticket_comment as comment inner join ticket"
        " on comment.ticket_id = ticket.id where comment.created < ticket.created_at"
    )
    assert value(account, early) == 0
    odd = (
        "select count(*) from ticket_field_history as target"
        " where value like '{%' and ("
        " (value::jsonb ->> 'minutes')::integer <= 0 or not exists ("
        " select from ticket_field_history as priority"
        " where priority.ticket_id = target.ticket_id"
        " and priority.field_name = 'priority' and priority.updated = target.updated))"
    )
    assert value(account, odd) == 0
    assert value(account, "select count(*) from daylight_time") == 12
    assert value(account, "select count(*) from schedule_holiday") == 40


def test_the_same_size_is_the_same_account(
    account: psycopg.Connection, fresh_dsn: Callable[[], str]
) -> None:
    """Figures of two machines can be compared."""
    digest = (
        "select md5(string_agg(history::text, ',' order by ticket_id, field_name,"
        " updated)) from raw_zendesk.ticket_field_history as history"
    )
    with psycopg.connect(fresh_dsn(), autocommit=True) as other:
        zendesk.write(other, zendesk.Account(TICKETS))
        assert value(other, digest) == value(account, digest)


def test_a_day_is_what_comes_next(fresh_dsn: Callable[[], str]) -> None:
    """New tickets, some that go on, a few late rows, and nothing else."""
    with psycopg.connect(fresh_dsn(), autocommit=True) as connection:
        zendesk.write(connection, zendesk.Account(TICKETS))
        connection.execute("set search_path to raw_zendesk")
        connection.execute("create table before as select * from ticket")
        connection.execute("create table changes as select * from ticket_field_history")
        synced = value(connection, "select max(_fivetran_synced) from changes")
        until = zendesk.write_day(connection, zendesk.Account(TICKETS), DAY)
        assert value(connection, "select count(*) from ticket") == TICKETS + DAY
        touched = connection.execute(
            "select count(*), min(ticket.updated_at), max(ticket.updated_at)"
            " from ticket inner join before using (id) where ticket <> before"
        ).fetchone()
        assert 0 < touched[0] <= DAY + DAY // 10
        assert zendesk.AS_OF <= touched[1] < touched[2] < until
        came = (
            "select count(*) from (select * from ticket_field_history"
            " except select * from changes) as came where "
        )
        late = value(connection, came + f"updated < '{zendesk.AS_OF}'")
        assert late == zendesk.LATE_ROWS
        assert value(connection, came + f"_fivetran_synced <= '{synced}'") == 0
        wrong = f"select count(*) from ({STATUSES}) as moves where following is null"
        assert value(connection, wrong + " and value <> status") == 0


def test_the_oldest_server_takes_it(postgres15_dsn: str) -> None:
    """Nothing newer is asked of the server."""
    with psycopg.connect(postgres15_dsn, autocommit=True) as connection:
        zendesk.write(connection, zendesk.Account(TICKETS))
        zendesk.write_day(connection, zendesk.Account(TICKETS), DAY)


def test_the_clock_counts_sessions_that_have_ended(server: Settings) -> None:
    """A session's CPU is not forgotten with it."""
    from orchestration.database import connections

    with connections.connect(autocommit=True) as connection:
        clock = server_clock(connection)
        before = clock.seconds()
        with connections.connect() as other:
            other.execute("select count(*) from generate_series(1, 3000000)")
        settle(connection)
        assert clock.seconds() - before > 0.1


def test_the_benchmark_measures_and_cleans_up(server: Settings) -> None:
    """Each step has its line; the database is gone; no news writes nothing."""
    from orchestration.database import connections

    steps = tickets.run(
        (60,), day=5, select=["+int_tickets__unioned"], console=Console(quiet=True)
    )
    assert [step.name for step in steps] == [
        "floor",
        "full build",
        "vacuum",
        "a day",
        "no news",
    ]
    assert steps[0].rows > 60 * 16
    assert steps[-1].rows == 0
    assert all(step.cpu is not None and step.cpu >= 0 for step in steps)
    assert all(step.models for step in steps if step.name in ("full build", "a day"))
    with connections.connect() as connection:
        left = "select count(*) from pg_database where datname = %s"
        assert connection.execute(left, [tickets.DATABASE]).fetchone() == (0,)


def test_a_role_that_may_make_no_database_hears_so(
    frontdesk: Callable[..., object], fresh_dsn: Callable[[], str]
) -> None:
    """One line says what to grant."""
    done = frontdesk("bench", "tickets", FRONTDESK_DSN=fresh_dsn())
    assert done.returncode == 1
    assert done.stderr.startswith("error: role frontdesk may not make database")
    assert len(done.stderr.strip().splitlines()) == 1
