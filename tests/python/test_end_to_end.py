"""The loaded sample world gives the answers it was made with, in whatever order."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from orchestration import quality
from orchestration.bench import agreement
from orchestration.bench.identity import SAMPLE_INTERACTIONS, sample_truth
from orchestration.records import RECORD_TYPES
from orchestration.settings import ROOT
from tests.python.conftest import POSTGRES_15
from tests.python.warehouse import ROOMS, Warehouse, compare_kpis, files_of

FIRST_CALL = """
select source_record_id from marts.fct_interactions
where source_name = 'phone' and is_handled order by 1 limit 1
"""


def test_every_row_is_landed_or_unreadable(built: Warehouse, world: Path) -> None:
    """The raw tables hold what was written, version for version."""
    written = pd.read_parquet(world / "truth" / "counts.parquet")
    landed = built.frame(
        "select source_name, table_name, sum(row_count)::bigint as landed,"
        " sum(unreadable_count)::bigint as unreadable"
        " from frontdesk.batches group by source_name, table_name"
    )
    both = written.merge(landed, on=["source_name", "table_name"], how="outer")
    assert both["landed"].tolist() == both["version_count"].tolist()
    assert both["unreadable"].tolist() == both["unreadable_rows"].tolist()


def test_kpis_equal_the_truth(built: Warehouse, world: Path) -> None:
    """Every part of every channel and hour is what the world counted itself."""
    compare_kpis(built, world)


def test_quality_keeps_its_floors(built: Warehouse, world: Path) -> None:
    """Kept rows are right, faults are found, clean rows are not lost."""
    with psycopg.connect(built.dsn) as connection:
        found = quality.compare(connection, world / "truth")
    assert found.fault_count > 200
    assert found.right_share >= quality.RIGHT_FLOOR
    assert found.found_share >= quality.FOUND_FLOOR
    assert found.lost_share <= quality.LOST_CEILING


def test_the_truth_is_missed_when_it_should_be(built: Warehouse, world: Path) -> None:
    """The comparison sees a wrong value: it is no rubber stamp."""
    with psycopg.connect(built.dsn) as connection:
        connection.execute(
            "update marts.fct_interactions set first_response_seconds = 1"
            " where channel = 'phone' and first_response_seconds > 1"
        )
        found = quality.compare(connection, world / "truth")
        connection.rollback()
    assert found.right_count < found.kept_count
    assert found.wrong.loc["phone", "first_response_seconds"] > 0


def test_a_build_without_news_changes_nothing(built: Warehouse) -> None:
    """Nothing landed, so no row of any room is written again."""
    before = built.value("select pg_current_xact_id()::text::bigint")
    built.dbt("run")
    changed = sum(
        int(
            built.value(
                f"select count(*) from {table} where changed_xid >= %s::text::xid8",
                str(before),
            )
        )
        for table in incremental_tables(built)
    )
    assert changed == 0


def incremental_tables(warehouse: Warehouse) -> list[str]:
    """Return every table that keeps when a row was written."""
    found = warehouse.frame(
        "select table_schema || '.' || table_name as name"
        " from information_schema.columns"
        " where table_schema = any(%s) and column_name = 'changed_xid'",
        ROOMS,
    )
    return found["name"].tolist()


def test_tables_are_not_vacuumed_after_each_thousand_rows(built: Warehouse) -> None:
    """Nor those that were there before their model, as the publication is."""
    found = built.frame(
        "select pg_class.relname, pg_class.reloptions from pg_class"
        " inner join pg_attribute on pg_attribute.attrelid = pg_class.oid"
        " where pg_attribute.attname = 'changed_xid' and pg_class.relkind = 'r'"
        " and pg_class.relnamespace = any(%s::regnamespace[])",
        ROOMS,
    )
    assert "int_records__resolved" in set(found.relname)
    options = {option for row in found.reloptions for option in row or ["none"]}
    assert options == {"autovacuum_vacuum_insert_threshold=100000"}


def test_decisions_of_reviewers_are_obeyed(
    built: Warehouse, copy_of: Callable[[str], str]
) -> None:
    """Keep brings a record back, reject takes it out, undone is undone."""
    built = Warehouse(copy_of(built.dsn))
    doubt = built.frame(
        "select record_id from frontdesk.review"
        " where record_type = 'phone.calls' and doubt = 'duplicate' limit 1"
    ).iloc[0, 0]
    clean = built.value(FIRST_CALL)
    found = (
        "select count(*) from marts.fct_interactions"
        " where source_name = 'phone' and source_record_id = %s"
    )
    calls = (
        "select sum(contact_count) from marts.kpi_channel_daily where channel = 'phone'"
    )
    before = built.value(calls)

    def decide(record: str, decision: str | None) -> None:
        with psycopg.connect(built.dsn) as connection:
            connection.execute(
                "insert into frontdesk.review"
                " (record_type, record_id, doubt, decision, decided_by)"
                " values ('phone.calls', %s, 'asked', %s, 'Ann')"
                " on conflict (record_type, record_id)"
                " do update set decision = excluded.decision",
                [record, decision],
            )

    decide(doubt, "keep")
    built.dbt("run", "--select", "+kpi_channel_daily")
    assert built.value(found, doubt) == 1
    assert built.value(calls) == before + 1
    decide(clean, "reject")
    built.dbt("run", "--select", "+kpi_channel_daily")
    assert built.value(found, clean) == 0
    assert built.value(calls) == before
    decide(doubt, None)
    decide(clean, None)
    built.dbt("run", "--select", "+kpi_channel_daily")
    assert (built.value(found, doubt), built.value(found, clean)) == (0, 1)
    assert built.value(calls) == before


def test_what_a_parent_built_anew_lacks_leaves_the_tables_below(
    built: Warehouse, copy_of: Callable[[str], str]
) -> None:
    """A row that is gone from raw is found by a full refresh of one model alone."""
    built = Warehouse(copy_of(built.dsn))
    gone = built.value(FIRST_CALL)
    counts = (
        "select count(*), count(*) filter (where source_record_id = %s)"
        " from marts.fct_interactions where source_name = 'phone'"
    )
    known = built.frame(counts, gone).iloc[0].tolist()
    with psycopg.connect(built.dsn) as connection:
        connection.execute("delete from raw_phone.calls where call_id = %s", [gone])
    built.dbt("run", "--select", "+fct_interactions")
    assert built.frame(counts, gone).iloc[0].tolist() == known
    built.dbt("run", "--full-refresh", "--select", "int_calls__judged")
    built.dbt("run", "--select", "+fct_interactions")
    assert built.frame(counts, gone).iloc[0].tolist() == [known[0] - 1, 0]


def test_any_order_of_arrival_equals_one_full_refresh(
    request: pytest.FixtureRequest, world: Path
) -> None:
    """Late, re-sent and out-of-order files, built in between, leave no trace.

    On the oldest server there is; the lanes of refreshes do the like on the newest.
    """
    if POSTGRES_15.exists():
        warehouse = Warehouse(request.getfixturevalue("postgres15_dsn"))
        warehouse.dbt("seed")
    else:
        warehouse = request.getfixturevalue("make_warehouse")()
    files = files_of(world)
    random.Random(15).shuffle(files)
    for part in range(2):
        warehouse.load(files[part::2])
        warehouse.dbt("run")
    incremental = warehouse.contents()
    warehouse.dbt("run", "--full-refresh")
    full = warehouse.contents()
    assert incremental.keys() == full.keys()
    different = [table for table in full if incremental[table] != full[table]]
    assert different == []
    warehouse.dbt("test")
    compare_kpis(warehouse, world)


def test_a_slow_load_is_not_lost(
    make_warehouse: Callable[[], Warehouse], world: Path
) -> None:
    """Rows of a transaction that commits after a build that began later are read.

    The build does not wait for it, though it is the first, which makes the triggers.
    """
    warehouse = make_warehouse()
    insert = (
        "insert into raw_store.visits (visit_id, store_code, phone, arrived_at,"
        " served_at, left_at, exported_at, _batch_id, _source_name, _source_row)"
        " values (%s, 'cn-sh01', %s, '2026-01-05 02:00+00', '2026-01-05 02:01+00',"
        " '2026-01-05 02:09+00', '2026-01-05 10:00+00', 0, 'hand', %s)"
    )
    with psycopg.connect(warehouse.dsn) as slow:
        slow.execute(insert, ["slow", "13911110001", 1])
        with psycopg.connect(warehouse.dsn) as fast:
            fast.execute(insert, ["fast", "13911110002", 2])
        warehouse.dbt("run", "--select", "+fct_interactions")
        seen = "select count(*) from marts.fct_interactions"
        assert warehouse.value(seen) == 1
        assert warehouse.value("select live.unheard()") == "raw_store.visits"
        slow.commit()
    warehouse.dbt("run", "--select", "+fct_interactions")
    assert warehouse.value(seen) == 2
    assert warehouse.value("select count(*) from live.unheard()") == 0
    known = "select count(*) from live.contacts where source_name = 'store'"
    assert warehouse.value(known) == 2


def test_a_row_that_goes_to_another_group_is_found_where_it_stands(
    make_warehouse: Callable[[], Warehouse],
) -> None:
    """Only its new group is touched, so its touched key does not find it."""
    warehouse = make_warehouse()
    warehouse.dbt("seed")
    insert = (
        "insert into raw_chat.messages (message_id, session_id, sender_type, text,"
        " sent_at, exported_at, _batch_id, _source_name, _source_row)"
        " values (%s, %s, 'customer', 'hello', '2026-01-05 02:00+00',"
        " '2026-01-05 03:00+00'::timestamptz + %s * interval '1 hour', 0, 'hand', %s)"
    )
    landed = [
        [("m1", "s1", 0, 1), ("m2", "s1", 0, 2)],
        [("m1", "s2", 1, 3), ("m3", "s2", 1, 4)],
    ]
    for rows in landed:
        with psycopg.connect(warehouse.dsn) as connection:
            connection.cursor().executemany(insert, rows)
        warehouse.dbt("run", "--select", "+int_chat_messages__judged")
    found = warehouse.frame(
        "select message_id, session_id from cleaned.int_chat_messages__judged"
        " order by message_id"
    )
    assert found.to_numpy().tolist() == [["m1", "s2"], ["m2", "s1"], ["m3", "s2"]]


def test_the_list_of_record_types_is_whole() -> None:
    """Every verdict model is in the list that status and quality read."""
    models = {path.stem for path in (ROOT / "models/cleaned").rglob("*__judged.sql")}
    assert {record.judged for record in RECORD_TYPES} == models


@pytest.fixture(scope="module")
def real(make_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Return a warehouse with the three real data sets."""
    folder = Path(os.environ.get("FRONTDESK_REAL_DATA", "no folder named"))
    names = {
        "requests311": "vancouver_311_requests_10k.csv.gz",
        "servicenow": "servicenow_incidents_opened_to_2016-04-30.csv.gz",
        "chat_transcripts": "multidogo_chat_train_dev.tar.gz",
    }
    if not all((folder / name).exists() for name in names.values()):
        pytest.skip(f"no real data in {folder} (make test DATA=...)")
    warehouse = make_warehouse()
    warehouse.load([(source, folder / name) for source, name in names.items()])
    # unit tests ask nothing of what is loaded
    warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    return warehouse


def test_city_requests_close_in_local_days(real: Warehouse) -> None:
    """Published answers of the Vancouver extract."""
    found = real.frame(
        """
        select
            channel,
            percentile_cont(0.5) within group (order by resolution_days) as median_days,
            round(
                100.0 * count(*) filter (where resolution_days <= 1) / count(*), 2
            )::float as within_a_day
        from marts.fct_interactions
        where source_name = 'requests311'
        group by channel
        """
    ).set_index("channel")
    expected = {
        "phone": (2.5, 39.89),
        "web_form": (4, 31.76),
        "app": (4, 25.51),
        "web_chat": (1, 51.06),
        "email": (0, 67.39),
    }
    for channel, (median, share) in expected.items():
        assert tuple(found.loc[channel]) == (median, share)
    assert (
        real.value(
            "select count(*) from marts.fct_interactions"
            " where source_name = 'requests311' and is_resolved"
        )
        == 9933
    )
    assert (
        real.value(
            "select count(*) from marts.fct_interactions"
            " where source_name = 'requests311' and channel = 'unknown'"
        )
        == 92
    )


def test_incidents_count_by_their_last_state(real: Warehouse) -> None:
    """Published answers of the incident log."""
    found = real.frame(
        """
        select
            count(*) as incidents,
            count(*) filter (where sla_outcome = 'missed') as missed,
            count(resolved_at) as resolved,
            count(*) filter (where reopen_count > 0) as reopened,
            round(
                (percentile_cont(0.5) within group (order by resolution_seconds) / 3600)
                ::numeric, 2
            )::float as median_hours
        from marts.fct_interactions
        where source_name = 'servicenow'
        """
    )
    assert found.iloc[0].tolist() == [17136, 7332, 15906, 202, 28.34]
    assert real.value("select count(*) from cleaned.int_incident_events__cleaned") == (
        101_045
    )


def test_every_contact_finds_its_customer(built: Warehouse, world: Path) -> None:
    """Every record of a person has one customer, and so has every contact."""
    contacts = built.frame(SAMPLE_INTERACTIONS)
    known = {
        (contact.source_name, contact.source_record_id): contact.record_id
        for contact in contacts.itertuples()
    }
    truth = sample_truth(world / "truth", known)
    found = built.frame(
        "select record_id, customer_id from identity.int_records__resolved"
    )
    customers = dict(zip(found["record_id"], found["customer_id"], strict=True))
    assert len(found) == len(customers)
    assert truth.keys() <= customers.keys()
    judged = agreement.accuracy(customers, truth)
    assert judged.records == len(truth) > 1000
    # calls without a name from a phone that a household shares are nobody's to tell
    assert judged.precision.rate >= 0.97
    assert judged.mixed.rate <= 0.035
    assert judged.persons_in_worst <= 2
    # of those who gave their names, no two are one customer
    named = built.frame(
        "select record_id from cleaned.int_records__unioned"
        " where person_name is not null"
    )["record_id"]
    persons: dict[str, set[str]] = {}
    for record in truth.keys() & set(named):
        persons.setdefault(customers[record], set()).add(truth[record].person_id)
    assert len(persons) > 100
    assert [found for found in persons.values() if len(found) > 1] == []
    assert (
        built.value(
            "select count(*) from marts.fct_interactions where customer_id is null"
        )
        == 0
    )


def test_turns_without_times_are_kept_with_the_reason(real: Warehouse) -> None:
    """Every conversation is a contact; no hour claims it."""
    found = real.frame(
        """
        select
            count(*) as contacts,
            count(started_at) as timed,
            count(*) filter (where started_at_reason = 'source_has_no_times')
                as reasons,
            sum(message_count)::bigint as messages
        from marts.fct_interactions
        where source_name = 'chat_transcripts'
        """
    )
    # 77,269 turns (quoted cells hold line breaks), 55 of them blank
    assert found.iloc[0].tolist() == [9527, 0, 9527, 77_214]
