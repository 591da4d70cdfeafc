"""Data quality: gates, freshness and volume, restated hours, coverage."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import psycopg
import pytest
import yaml

from orchestration.raw.sources import SOURCES
from orchestration.records import RECORD_TYPES
from orchestration.settings import ROOT
from tests.python.warehouse import Warehouse, files_of

VOLUMES = (
    "stg_loads__batches",
    "int_source_hours__counted",
    "kpi_source_volume_hourly",
)
MEASURES = [
    *("contact_count", "offered_count", "handled_count", "abandoned_count"),
    *("first_response_count", "first_response_seconds_sum", "handle_seconds_sum"),
    *("resolved_count", "csat_answer_count", "complaint_count"),
]


def test_the_list_of_source_tables_is_whole() -> None:
    """One row per raw table of ours, with the rhythm that its source declares."""
    listed = pd.read_csv(ROOT / "seeds" / "seed_source_tables.csv")
    declared = {
        f"{source.name}.{table.name}"
        for source in SOURCES.values()
        for table in source.tables
    }
    assert set(listed["record_type"]) == declared
    assert declared == {record.name for record in RECORD_TYPES}
    counted = (
        ROOT / "models" / "cleaned" / "quality" / "int_records__counted.sql"
    ).read_text()
    missing = [
        record.name
        for record in RECORD_TYPES
        if f"('{record.name}', '{record.judged}')" not in counted
    ]
    assert missing == []
    for one in listed.itertuples():
        name = one.record_type.split(".")[0]
        path = ROOT / "models" / "staging" / name / f"_{name}__sources.yml"
        source = yaml.safe_load(path.read_text())["sources"][0]
        rhythm = (source.get("config") or {}).get("freshness")
        found = (one.late_after_hours, one.stale_after_hours)
        if rhythm is None:
            assert all(map(pd.isna, found))
        else:
            assert found == (
                rhythm["warn_after"]["count"],
                rhythm["error_after"]["count"],
            )


def test_every_record_is_in_a_mart_or_has_a_reason(
    built: Warehouse, world: Path
) -> None:
    """Counts are those of the files; what is missing is exactly what was refused."""
    found = built.frame("select * from marts.fct_source_coverage").set_index(
        "record_type"
    )
    assert len(found) == len(RECORD_TYPES)
    assert found["unexplained_count"].sum() == 0
    counts = pd.read_parquet(world / "truth" / "counts.parquet")
    for one in counts.itertuples():
        row = found.loc[f"{one.source_name}.{one.table_name}"]
        assert row.record_count == one.record_count
        assert row.record_count + row.superseded_count == one.version_count
        assert row.unreadable_count == one.unreadable_rows
        assert row.rejected_count == sum(row.rejected_counts.values())
    # messages that miss are those of sessions that were refused
    orphans = built.value(
        "select count(*) from cleaned.int_chat_messages__cleaned as messages"
        " inner join cleaned.int_chat_sessions__judged as sessions"
        " on messages.source_interaction_id = sessions.session_id"
        " where sessions.rejection_reason is not null"
    )
    chat = found.loc["chat.messages"]
    assert chat.kept_count - chat.reached_count == orphans
    whole = found[found["shortfall_reason"].isna() & (found["kept_count"] > 0)]
    assert len(whole) >= 15
    assert (whole["coverage_rate"].astype(float) == 1).all()


@pytest.fixture
def own(built: Warehouse, copy_of: Callable[[str], str]) -> Iterator[Warehouse]:
    """Return a copy of the built warehouse, to break something in."""
    yield Warehouse(copy_of(built.dsn))


def test_every_gate_leaves_its_history(own: Warehouse) -> None:
    """A pass once a day, every failure with its rows and keys."""
    gate = "assert_ticket_waits_add_up_to_the_spans"
    noted = "select count(*) from frontdesk.gate_results"
    before = own.value(noted)
    runs = own.value("select count(*) from frontdesk.gate_runs")
    assert before > 20
    own.dbt("test", "--select", gate)
    assert own.value(noted) == before
    assert own.value("select count(*) from frontdesk.gate_runs") == runs + 1
    with psycopg.connect(own.dsn) as connection:
        connection.execute(
            "update marts.kpi_channel_daily set contact_count = contact_count + 1"
            " where channel = 'phone'"
        )
    broken = "assert_daily_kpis_add_up_to_the_hours"
    with pytest.raises(AssertionError, match=broken):
        own.dbt("test", "--select", broken)
    own.dbt("run", "--select", "fct_gate_results", "fct_gate_runs")
    found = own.frame(
        "select * from marts.fct_gate_results where gate_name = %s order by noted_at",
        broken,
    )
    assert found["outcome"].tolist() == ["passed", "failed"]
    failed = found.iloc[1]
    days = own.value(
        "select count(*) from marts.kpi_channel_daily where channel = 'phone'"
    )
    # the gate shows both sides of each day that differs
    assert failed["failing_row_count"] == 2 * days
    assert failed["model_name"] == "kpi_channel_daily"
    keys = failed["sample_keys"]
    keys = json.loads(keys) if isinstance(keys, str) else keys
    assert 1 <= len(keys) <= 5
    assert all(set(one) == {"channel", "started_date"} for one in keys)
    last = own.frame("select * from marts.fct_gate_runs order by noted_at").iloc[-1]
    assert (last["asked_count"], last["failed_count"]) == (1, 1)


def test_a_late_file_restates_its_hours(
    make_warehouse: Callable[[], Warehouse], world: Path
) -> None:
    """Which hours changed, and by how much, is what the late file brought."""
    warehouse = make_warehouse()
    files = [
        (source, path)
        for source, path in files_of(world)
        if source in ("store", "email")
    ]
    late = [file for file in files if file[0] == "store"][5:8]
    build = ("run", "--select", "+fct_hour_restatements", "--vars")
    warehouse.load([file for file in files if file not in late])
    warehouse.dbt(*build, '{as_of: "2026-03-15 00:00:00"}')
    hours = "select * from marts.kpi_channel_hourly"
    before = warehouse.frame(hours).set_index("channel_hour_id")
    published = warehouse.frame("select * from marts.fct_hour_restatements")
    assert len(published) == len(before) > 30
    assert not published["is_restatement"].any()
    warehouse.load(late)
    warehouse.dbt(*build, '{as_of: "2026-03-16 00:00:00"}')
    after = warehouse.frame(hours).set_index("channel_hour_id")
    restated = warehouse.frame(
        "select * from marts.fct_hour_restatements where version_number > 1"
    ).set_index("channel_hour_id")
    fresh = after.index.difference(before.index)
    expected = (
        after[MEASURES].fillna(0) - before[MEASURES].reindex(after.index).fillna(0)
    ).astype("int64")
    expected = expected[(expected != 0).any(axis=1)].drop(fresh, errors="ignore")
    first = warehouse.frame(
        "select channel_hour_id from marts.fct_hour_restatements"
        " where version_number = 1 and published_date = '2026-03-16'"
    )
    assert set(first["channel_hour_id"]) == set(fresh)
    assert len(fresh) > 0
    assert set(restated.index) == set(expected.index)
    for measure in MEASURES:
        got = restated[f"{measure}_change"].astype("int64").sort_index()
        assert got.tolist() == expected[measure].sort_index().tolist()
    assert restated["is_restatement"].all()
    # a reviewer refuses the only contact of an hour: the hour is left with nothing
    lonely = warehouse.frame(
        "select source_record_id, channel_hour_id from marts.fct_interactions"
        " where channel_hour_id in ("
        " select channel_hour_id from marts.kpi_channel_hourly"
        " where contact_count = 1 and channel = 'store') order by 1 limit 1"
    ).iloc[0]
    with psycopg.connect(warehouse.dsn) as connection:
        connection.execute(
            "insert into frontdesk.review"
            " (record_type, record_id, doubt, decision, decided_by)"
            " values ('store.visits', %s, 'asked', 'reject', 'Ann')",
            [lonely.source_record_id],
        )
    warehouse.dbt(*build, '{as_of: "2026-03-17 00:00:00"}')
    versions = warehouse.frame(
        "select * from marts.fct_hour_restatements where channel_hour_id = %s"
        " order by version_number",
        lonely.channel_hour_id,
    )
    assert versions["contact_count"].tolist()[-2:] == [1, 0]
    assert versions["contact_count_change"].tolist()[-1] == -1
    assert versions["is_restatement"].tolist()[-1]
    # a rebuild forgets nothing of what was published
    everything = "select * from marts.fct_hour_restatements order by 1, 2, 3"
    history = warehouse.frame(everything)
    warehouse.dbt(
        *("run", "--full-refresh", "--select", "kpi_channel_hourly"),
        *("fct_hour_restatements", "--vars", '{as_of: "2026-03-18 00:00:00"}'),
    )
    pd.testing.assert_frame_equal(
        history.drop(columns="changed_xid"),
        warehouse.frame(everything).drop(columns="changed_xid"),
    )


def usual(past: list[int]) -> tuple[float, float]:
    """Return the median and the tolerance, computed anew."""
    middle = median(past)
    spread = median(abs(count - middle) for count in past)
    return middle, max(3.5 * 1.4826 * spread, 0.25 * middle)


def test_volume_is_compared_with_the_same_hour_of_past_weeks(
    make_warehouse: Callable[[], Warehouse],
) -> None:
    """Eleven weeks of hourly files with a silence, a flood and a re-sent day."""
    warehouse = make_warehouse()
    rng = np.random.default_rng(9)
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    hours = 24 * 7 * 11
    rows: dict[int, int] = {}
    for number in range(hours):
        if 7 <= number % 24 < 20:
            rows[number] = int(rng.poisson(80 + 4 * (number % 24)))
    silent, flood, resent = 24 * 70 + 10, 24 * 71 + 11, 24 * 30 + 9
    del rows[silent]
    rows[flood] *= 6
    rows[resent] *= 50
    insert = (
        "insert into frontdesk.batches (source_name, table_name, file_name,"
        " content_sha256, row_count, loaded_at)"
        " values ('phone', 'calls', %s, %s, %s, %s)"
    )
    steps = [24 * 60, 24 * 70 + 5, hours]
    done = 0
    for until in steps:
        with psycopg.connect(warehouse.dsn) as connection:
            connection.cursor().executemany(
                insert,
                [
                    (
                        f"{number}.csv",
                        f"{number}",
                        count,
                        begin + timedelta(hours=number, minutes=7),
                    )
                    for number, count in rows.items()
                    if done <= number < until
                ],
            )
        done = until
        moment = begin + timedelta(hours=until)
        as_of = f'{{as_of: "{moment:%Y-%m-%d %H:%M:%S}"}}'
        warehouse.dbt("run", "--select", *VOLUMES, "--vars", as_of)
    shown = "select * from marts.kpi_source_volume_hourly order by source_hour_id"
    found = warehouse.frame(shown).drop(columns="changed_xid")
    warehouse.dbt("run", "--full-refresh", "--select", *VOLUMES, "--vars", as_of)
    pd.testing.assert_frame_equal(
        found, warehouse.frame(shown).drop(columns="changed_xid")
    )
    wrong, states = [], {}
    first = min(rows)
    found = found.astype(object).where(found.notna(), None)
    for one in found.itertuples():
        number = int((one.hour_started_at - begin) / timedelta(hours=1))
        past = [
            rows.get(number - 168 * back, 0)
            for back in range(1, 9)
            if number - 168 * back >= first
        ]
        count = rows.get(number, 0)
        if number >= hours:
            expected = (None, "hour_not_over")
        elif len(past) < 4:
            expected = (None, "too_few_weeks")
        else:
            middle, tolerance = usual(past)
            state = "usual"
            if count > middle + tolerance:
                state = "high"
            elif count < middle - tolerance:
                state = "low" if count else "silent"
            expected = (state, None)
            states[number] = state
        if (one.volume_state, one.volume_reason, one.row_count) != (*expected, count):
            wrong.append(one)
    assert wrong == []
    assert (states[silent], states[flood]) == ("silent", "high")
    # one wild week hides nothing later: the hour stays usual
    assert states[resent + 168 * 5] == "usual"
    assert sum(state == "usual" for state in states.values()) > 0.9 * len(states)
