"""Every measure of the catalogue can be asked, and says what the marts say."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from orchestration.database import connections
from orchestration.deliver.alerts.catalogue import catalogue
from orchestration.deliver.alerts.measures import Measure
from orchestration.deliver.alerts.readings import parse_labels
from orchestration.settings import ROOT
from tests.python.warehouse import Warehouse

ZONE = "Asia/Shanghai"
KNOWN = catalogue(None, ROOT / "seeds").measures
BUILT = [name for name, one in KNOWN.items() if not one.relations[0].startswith("live")]


@pytest.fixture(scope="module")
def conn(built: Warehouse) -> psycopg.Connection:
    """Return a connection to the sample world."""
    with psycopg.connect(built.dsn, autocommit=True) as found:
        # what every warehouse has that `frontdesk up` made
        found.execute(connections.OPERATIONS)
        yield found


@pytest.fixture(scope="module")
def last_hour(conn: psycopg.Connection) -> datetime:
    """Return the last hour that the world knows."""
    found = conn.execute("select max(hour_started_at) from marts.kpi_channel_hourly")
    return found.fetchone()[0]


def ask(
    conn: psycopg.Connection,
    measure: Measure,
    series_by: tuple[str, ...],
    now: datetime,
    minutes: int,
) -> dict[tuple[Any, ...], tuple[float | None, int]]:
    """Return value and sample of each series of a measure."""
    given = {"now": now, "window": timedelta(minutes=minutes), "zone": ZONE}
    return {
        tuple(parse_labels(text)[name] for name in series_by): (value, sample)
        for text, value, sample, _ in conn.execute(
            measure.query(series_by), given
        ).fetchall()
    }


@pytest.mark.parametrize("name", BUILT)
def test_every_measure_can_be_asked(
    conn: psycopg.Connection, last_hour: datetime, name: str
) -> None:
    """By all its labels and by none: a rule that names it will not fail at night."""
    measure = KNOWN[name]
    minutes = measure.windows[1] if measure.windows else 0
    by_all = ask(conn, measure, measure.labels, last_hour, minutes)
    by_none = ask(conn, measure, (), last_hour, minutes)
    assert len(by_none) == 1
    assert sum(sample for _, sample in by_all.values()) == pytest.approx(
        by_none[()][1], abs=len(by_all)
    )
    if measure.is_mart and measure.windows and "fcr_30d" not in name:
        assert by_all


def test_a_metric_over_a_window_is_the_sum_of_its_hours(
    conn: psycopg.Connection, last_hour: datetime
) -> None:
    """Parts are added first and divided last; the sample is what they divide by."""
    measure = KNOWN["abandonment_rate"]
    rows = conn.execute(
        "select channel, abandoned_count, offered_count from marts.kpi_channel_hourly"
        " where hour_started_at > %(now)s - interval '72 hours'"
        " and hour_started_at <= %(now)s and abandoned_count is not null",
        {"now": last_hour},
    ).fetchall()
    expected: dict[tuple[str], list[int]] = {}
    for channel, abandoned, offered in rows:
        both = expected.setdefault((channel,), [0, 0])
        both[0] += abandoned
        both[1] += offered
    found = ask(conn, measure, ("channel",), last_hour, 72 * 60)
    assert {key: row[1] for key, row in found.items() if row[1]} == {
        key: offered for key, (_, offered) in expected.items() if offered
    }
    for key, (abandoned, offered) in expected.items():
        if offered:
            assert found[key][0] == pytest.approx(abandoned / offered)


def test_a_daily_window_ends_with_the_business_day(
    conn: psycopg.Connection, last_hour: datetime
) -> None:
    """One day is the reporting day of now, in the business zone."""
    measure = KNOWN["ticket_created_count"]
    for hours in (0, 24, 48):
        now = last_hour - timedelta(hours=hours)
        (expected,) = conn.execute(
            "select coalesce(sum(created_count), 0) from marts.kpi_tickets_daily"
            " where activity_date = (%s at time zone %s)::date",
            [now, ZONE],
        ).fetchone()
        value, _ = ask(conn, measure, (), now, 1440)[()]
        assert (value or 0) == expected


def test_conditions_are_found_by_their_prefix(conn: psycopg.Connection) -> None:
    """A model of one's own is a measure once it is built; its labels are its texts."""
    with conn.transaction(force_rollback=True):
        conn.execute(
            "create table exports.alert_moon as select 'a'::text as alert_id,"
            " 'full'::text as phase, 3::numeric as alert_value,"
            " 3::bigint as sample_count, '[]'::jsonb as offenders,"
            " now() as counted_at"
        )
        conn.execute("create table exports.alert_other as select 1 as nothing")
        found = catalogue(conn, ROOT / "seeds").measures
        assert found["moon"].labels == ("phase",)
        assert "other" not in found
        seen = conn.execute(found["moon"].query(("phase",)), {}).fetchall()
        assert seen == [('{"phase": "full"}', 3.0, 3, [])]
    for name in ("sla_at_risk", "sla_breached", "volume_unusual"):
        columns = conn.execute(
            sql.SQL("select * from {} limit 0").format(
                sql.Identifier("exports", f"alert_{name}")
            )
        ).description
        assert set(KNOWN[name].labels) <= {column.name for column in columns}
