"""What triggers keep and what builds make is one number, dirt included."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from orchestration.live.summary import state
from tests.python.warehouse import Warehouse

AGREEMENT = "assert_live_hours_agree_with_the_mart"
# all days of the world are kept; its rows are no later than that
ALL_DAYS = '{as_of: "2026-03-15 00:00:00", live_days: 20000}'
KEYS = {
    "raw_phone.calls": "call_id",
    "raw_chat.sessions": "session_id",
    "raw_chat.messages": "message_id",
    "raw_app.messages": "message_id",
    "raw_wechat.messages": "message_id",
    "raw_social.messages": "message_id",
    "raw_email.messages": "message_id",
    "raw_store.visits": "visit_id",
    "raw_bot.sessions": "session_id",
}
CHANGES = {
    "raw_phone.calls": ("wait_secs", "wait_secs + 7"),
    "raw_chat.sessions": ("queued_at", "queued_at + interval '11 seconds'"),
    "raw_chat.messages": ("sent_at", "sent_at + interval '13 seconds'"),
    "raw_app.messages": ("sent_at", "sent_at - interval '5 minutes'"),
    "raw_wechat.messages": ("create_time", "create_time + interval '5 hours'"),
    "raw_social.messages": ("posted_at", "posted_at - interval '9 hours'"),
    "raw_email.messages": ("is_auto_reply", "not coalesce(is_auto_reply, false)"),
    "raw_store.visits": ("served_at", "arrived_at + interval '5 minutes'"),
    "raw_bot.sessions": ("started_at", "started_at + interval '2 hours'"),
}


@pytest.fixture
def copied(built: Warehouse, copy_of: Callable[[str], str]) -> Warehouse:
    """Return a copy of the built world that keeps all of it live."""
    warehouse = Warehouse(copy_of(built.dsn))
    warehouse.dbt("run", "--select", "stg_phone__calls", "--vars", ALL_DAYS)
    with psycopg.connect(warehouse.dsn) as connection:
        state.rebuild(connection)
    return warehouse


def check(warehouse: Warehouse) -> None:
    """Run the test of dbt that compares the two."""
    warehouse.dbt("build", "--select", AGREEMENT, "--vars", ALL_DAYS)


def refresh(warehouse: Warehouse) -> None:
    """Build what the mart of hours needs."""
    warehouse.dbt(
        *("run", "--select", "+kpi_channel_hourly", "--exclude", "staging"),
        *("--vars", ALL_DAYS),
    )


def send_again(connection: psycopg.Connection, table: str) -> int:
    """Land a version of every fifth record that says something else."""
    names = [
        row[0]
        for row in connection.execute(
            "select attname::text from pg_attribute where attrelid = %s::regclass"
            " and attnum > 0 and attname not in ('_row_id', '_landed_xid',"
            " '_loaded_at')",
            [table],
        )
    ]
    changed, expression = CHANGES[table]
    values = {
        changed: expression,
        "exported_at": "exported_at + interval '1 day'",
        "_source_row": "_source_row + 1000000",
    }
    query = sql.SQL("insert into {} ({}) select {} from {} where {}").format(
        sql.SQL(table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.SQL(values.get(name, name)) for name in names),
        sql.SQL(table),
        sql.SQL("hashtext({}) % 5 = 0").format(sql.Identifier(KEYS[table])),
    )
    return connection.execute(query).rowcount


def test_hours_agree_over_the_whole_world(copied: Warehouse) -> None:
    """Every hour of every channel; and the test would find one that is wrong."""
    hours = copied.value("select count(*) from marts.kpi_channel_hourly")
    assert copied.value("select count(*) from live.channel_hours") == hours
    refused = copied.value("select count(*) from live.contacts where not is_counted")
    assert refused > 0
    refresh(copied)
    check(copied)
    with psycopg.connect(copied.dsn) as connection:
        connection.execute(
            "update live.minutes set responded = responded + 1 where minute ="
            " (select min(minute) from live.minutes where contacts > 0)"
        )
    with pytest.raises(AssertionError, match=AGREEMENT):
        check(copied)


def test_hours_agree_after_records_were_sent_again(copied: Warehouse) -> None:
    """Other times, other waits, contacts cut anew; then a build of the same."""
    refresh(copied)
    with psycopg.connect(copied.dsn) as connection:
        for table in CHANGES:
            assert send_again(connection, table) > 0
            connection.commit()
        state.catch_up(connection)
    # the build has not read them: those hours are left alone
    check(copied)
    before = copied.value(
        "select sum(first_response_seconds_sum) from marts.kpi_channel_hourly"
    )
    refresh(copied)
    check(copied)
    after = copied.value(
        "select sum(first_response_seconds_sum) from marts.kpi_channel_hourly"
    )
    assert before != after
    assert after == copied.value(
        "select sum(first_response_seconds_sum) from live.channel_hours"
    )
    newest = copied.value("select max(offered_at) from live.contacts")
    assert newest - copied.value("select min(offered_at) from live.contacts") > (
        timedelta(days=30)
    )
