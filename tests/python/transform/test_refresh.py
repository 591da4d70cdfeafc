"""Refreshes by the minute: what they run and refuse, and that they lose nothing."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from orchestration import deploy
from orchestration.settings import ROOT, Settings, settings
from orchestration.transform.project import dbt_project, ensure_manifest
from orchestration.transform.refresh import cycle, job, lanes, ledger, news, state
from orchestration.transform.refresh.manifests import Manifests
from tests.python.warehouse import (
    AS_OF,
    Warehouse,
    compare_kpis,
    cut_connections,
    files_of,
)

PATIENCE = 240
SERVE = "from orchestration.transform.refresh.commands import serve; serve()"
NEW_CALL = """
insert into raw_phone.calls ({columns})
select {values} from raw_phone.calls
where call_result = 'ANSWERED' and queue_name is not null
order by _row_id desc limit %(count)s
"""


@pytest.fixture(scope="module")
def manifests(home: Path) -> Manifests:
    """Return the project as refreshes see it."""
    return Manifests(dbt_project())


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure every refresh to the moment to which the tests' builds measure."""
    plain = cycle._arguments

    def arguments(plan: cycle.Plan) -> list[str]:
        found = plain(plan)
        at = found.index("--vars") + 1
        found[at] = json.dumps({**json.loads(found[at]), "as_of": AS_OF.split('"')[1]})
        return found

    monkeypatch.setattr(cycle, "_arguments", arguments)


class Floor:
    """A warehouse, and one planner that refreshes it."""

    def __init__(self, address: str, manifests: Manifests) -> None:
        """Look from now on."""
        self.planner = cycle.Planner(manifests)
        self.connection = psycopg.connect(address, autocommit=True)
        self.connection.execute(news.PATIENT)
        ledger.ensure_refreshes(self.connection)
        self.read = self.snapshot()

    def snapshot(self) -> str:
        """Return what is visible now."""
        return self.connection.execute(news.NOW).fetchone()[0]

    def look(self) -> news.Look:
        """Return what has landed since the last refresh."""
        return news.look(self.connection, self.planner.lanes, self.read)

    def minute(self, *, clocks_run: bool = False) -> cycle.Report | None:
        """Refresh by the minute, if there is a reason to."""
        look = self.look()
        plan = self.planner.minute(self.connection, look, clocks_run=clocks_run)
        self.read = look.snapshot
        return self.run(plan) if plan else None

    def run(self, plan: cycle.Plan) -> cycle.Report:
        """Run a plan, and learn from it."""
        report = cycle.run(self.planner.manifests, plan, "a run of a test")
        self.planner.learn(plan, report)
        return report

    def slow(self) -> list[cycle.Report]:
        """Refresh the slow lane, with the minute lane in between."""
        reports = []
        for plan in self.planner.slow(self.connection):
            reports.append(self.run(plan))
            self.minute()
        return reports

    def value(self, query: str, *arguments: object) -> Any:  # noqa: ANN401
        """Return the one value of a query."""
        return self.connection.execute(query, arguments).fetchone()[0]

    def call(self, count: int = 1, **given: str) -> None:
        """Land new calls that resemble the last ones."""
        columns = [
            row[0]
            for row in self.connection.execute(
                "select attname::text from pg_attribute where attnum > 0"
                " and attrelid = 'raw_phone.calls'::regclass and not attisdropped"
                " and attname not in ('_row_id', '_landed_xid', '_loaded_at')"
            )
        ]
        # another caller: the same one at the same moment is a repeated row
        caller = "'+44 20 7946 ' || to_char(1 + random() * 9998, 'FM0000')"
        values = {
            "call_id": "'new-' || gen_random_uuid()",
            "caller_number": caller,
            **given,
        }
        self.connection.execute(
            sql.SQL(NEW_CALL).format(
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(
                    sql.SQL(values[name]) if name in values else sql.Identifier(name)
                    for name in columns
                ),
            ),
            {"count": count},
        )


@pytest.fixture
def floor(
    built: Warehouse,
    copy_of: Callable[[str], str],
    use_dsn: Callable[[str], None],
    manifests: Manifests,
    pinned: None,
) -> Iterator[Floor]:
    """Return a copy of the built warehouse, with nothing left to read."""
    address = copy_of(built.dsn)
    use_dsn(address)
    found = Floor(address, manifests)
    yield found
    found.connection.close()


def test_the_lanes_name_models_and_share_none(manifests: Manifests) -> None:
    """What a lane names exists; a model that moves is in one of them."""
    found = manifests.lanes()
    named = {*lanes.MINUTE, *lanes.LATE, *lanes.TOLD_BY_BUILDS}
    assert named <= found.models.keys()
    assert found.minute.isdisjoint(found.slow)
    left_out = {
        name
        for name, model in found.models.items()
        if model.touches and name not in found.minute | found.slow
    }
    assert left_out == set()


def test_the_minute_lane_holds_all_that_its_marts_read_in_time(
    manifests: Manifests,
) -> None:
    """Each parent of a minute model is one too, or is named as late, or is a list."""
    nodes = json.loads(ensure_manifest(dbt_project()).read_text())["nodes"]
    found = manifests.lanes()
    late = []
    for node in nodes.values():
        if node["name"] in found.minute:
            late += [
                (node["name"], nodes[parent]["name"])
                for parent in node["depends_on"]["nodes"]
                if parent in nodes
                and nodes[parent]["resource_type"] == "model"
                and nodes[parent]["config"]["materialized"] in ("incremental", "table")
                and nodes[parent]["name"] not in found.minute
                and nodes[parent]["fqn"][1] not in lanes.LATE_ROOMS
                and nodes[parent]["name"] not in lanes.LATE
            ]
    assert late == []


def test_every_test_of_a_column_is_a_gate(
    server: Settings, manifests: Manifests
) -> None:
    """A refresh asks of its new rows what a build asks of the whole table."""
    nodes = json.loads(ensure_manifest(dbt_project()).read_text())["nodes"]
    minute = manifests.lanes().minute
    cut = manifests.cut(minute, (), ())
    asked = {
        gate["name"]
        for node in cut.nodes.values()
        for gate in (node.config.meta or {}).get("gates", [])
    }
    wanted = {
        node["name"]
        for node in nodes.values()
        if node["resource_type"] == "test"
        and (node.get("attached_node") or "").split(".")[-1] in minute
        and node["test_metadata"]["name"] not in ("unique", "key_is_enforced")
    }
    assert wanted
    assert wanted <= asked


def test_nothing_new_is_nothing_to_do(floor: Floor) -> None:
    """After a build no model has unread rows, and no look sees any."""
    found = floor.planner.lanes
    assert floor.look().arrivals == ()
    assert news.unread(floor.connection, found, found.minute) == frozenset()
    assert floor.minute() is None
    assert floor.value("select count(*) from frontdesk.refreshes") == 0


def test_a_new_call_reaches_the_hour_and_wakes_no_other_channel(floor: Floor) -> None:
    """One row runs the models below it; the ledger says which, and how late it came."""
    before = floor.value("select sum(offered_count) from marts.kpi_channel_hourly")
    floor.call()
    assert [found.view for found in floor.look().arrivals] == ["stg_phone__calls"]
    report = floor.minute()
    assert report.entry.succeeded
    assert report.entry.sources == ["phone__calls"]
    assert report.entry.row_count == 1
    after = floor.value("select sum(offered_count) from marts.kpi_channel_hourly")
    assert after == before + 1
    assert "kpi_channel_daily" in report.changed
    chats = floor.value(
        "select max(built_at) from frontdesk.watermarks"
        " where relation like 'cleaned.int_chat%%judged'"
    )
    assert chats < report.entry.started_at
    row = floor.connection.execute(
        "select succeeded, row_count, lag_seconds > 0, seconds ? 'dbt'"
        " from frontdesk.refreshes"
    ).fetchall()
    assert row == [(True, 1, True, True)]
    assert floor.minute() is None


def test_a_refused_row_is_never_seen_and_is_taken_up_when_mended(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate stops the model before it writes, and all that reads it."""
    gate = {
        "name": "every_queue_is_known",
        "test": "accepted_values",
        "column": "channel",
        "severity": "error",
        "arguments": {"values": ["no such channel"]},
        "parent": None,
    }
    plain = Manifests.cut

    def with_gate(of: Manifests, *arguments: Any) -> Any:  # noqa: ANN401
        cut = plain(of, *arguments)
        for node in cut.nodes.values():
            if node.name == "fct_interactions":
                node.config.meta = {**node.config.meta, "gates": [gate]}
        return cut

    count = "select count(*) from marts.fct_interactions"
    before = floor.value(count)
    floor.call()
    with monkeypatch.context() as patch:
        patch.setattr(Manifests, "cut", with_gate)
        report = floor.minute()
    assert [failed.name for failed in report.failed] == ["fct_interactions"]
    assert "every_queue_is_known (1 rows)" in report.failed[0].message
    assert floor.value(count) == before
    assert "kpi_channel_hourly" not in report.changed
    # what failed is left alone for a while, the rest goes on
    assert floor.minute() is None
    floor.planner.held.clear()
    assert floor.minute().entry.succeeded
    assert floor.value(count) == before + 1


@pytest.mark.parametrize(
    ("gate", "row", "refused"),
    [
        ({"test": "not_null"}, "null::text", True),
        ({"test": "not_null"}, "'a'::text", False),
        (
            {"test": "accepted_values", "arguments": {"values": ["a'b"]}},
            "'a''b'",
            False,
        ),
        ({"test": "accepted_values", "arguments": {"values": ["a"]}}, "'b'", True),
        ({"test": "accepted_values", "arguments": {"values": ["a"]}}, "null", False),
        (
            {
                "test": "accepted_values",
                "arguments": {"values": [1, 2], "quote": False},
            },
            "3",
            True,
        ),
        ({"test": "accepted_range", "arguments": {"min_value": 0}}, "-1", True),
        ({"test": "accepted_range", "arguments": {"min_value": 0}}, "0", False),
        ({"test": "accepted_range", "arguments": {"max_value": 1}}, "2", True),
        (
            {
                "test": "relationships",
                "arguments": {"field": "channel"},
                "parent": "seed_channels",
            },
            "'phone'",
            False,
        ),
        (
            {
                "test": "relationships",
                "arguments": {"field": "channel"},
                "parent": "seed_channels",
            },
            "'smoke'",
            True,
        ),
    ],
)
def test_a_gate_refuses_what_its_test_refuses(
    floor: Floor, gate: dict[str, Any], row: str, refused: bool
) -> None:
    """Written by hand: null passes all gates but not_null."""
    from dbt.cli.main import dbtRunner

    from orchestration.database import connections
    from orchestration.settings import exported
    from orchestration.transform.project import OFFLINE, directories

    whole = {"name": "g", "column": "v", "arguments": {}, "parent": None, **gate}
    # as Jinja reads it, which writes None and False as Python does
    text = (
        f"{{% set gate = {whole!r} %}}"
        f"select count(*) as n from (select {row} as v) as new_rows"
        " where {{ gate_refuses(gate) }}"
    )
    project = floor.planner.manifests.project
    with exported({**OFFLINE, **connections.dbt_environment()}):
        done = dbtRunner(manifest=floor.planner.manifests.cut((), (), ())).invoke(
            [
                *("--log-level", "none", "--no-version-check", "compile"),
                *("--no-write-json", "--log-level-file", "none"),
                *("--inline", text, *directories(project)),
            ]
        )
    assert done.success, done.exception
    compiled = done.result.results[0].node.compiled_code
    assert floor.value(compiled) == int(refused)


def test_rows_of_a_slow_transaction_are_seen_when_it_commits(floor: Floor) -> None:
    """A look counts a row once it is visible, however early its transaction began."""
    with psycopg.connect(floor.connection.info.dsn, password=_password(floor)) as slow:
        slow.execute(
            "insert into frontdesk.batches (source_name, table_name, file_name,"
            " content_sha256) values ('phone', 'calls', 'slow', 'slow')"
        )
        floor.call(2)
        first = floor.look()
        floor.read = first.snapshot
        assert {found.view: found.row_count for found in first.arrivals} == {
            "stg_phone__calls": 2
        }
        slow.commit()
    second = floor.look()
    assert {found.view: found.row_count for found in second.arrivals} == {
        "stg_loads__batches": 1
    }


def test_lanes_and_builds_come_to_the_same(
    make_warehouse: Callable[[], Warehouse],
    world: Path,
    use_dsn: Callable[[str], None],
    manifests: Manifests,
    pinned: None,
) -> None:
    """What lanes made piece by piece is what a build makes of all at once.

    Files come out of order, and parts of contacts and of shifts before the whole.
    """
    warehouse = make_warehouse()
    files = files_of(world)
    random.Random(18).shuffle(files)
    files.sort(key=lambda file: "calls" in file[1].name or "agents" in file[1].name)
    warehouse.load(files[::2])
    warehouse.dbt("run")
    use_dsn(warehouse.dsn)
    floor = Floor(warehouse.dsn, manifests)
    for part in range(2):
        warehouse.load(files[1::2][part::2])
        assert floor.minute(clocks_run=part == 1).entry.failed == []
    assert [report.entry.failed for report in floor.slow()] == [[], [], []]
    floor.minute(clocks_run=True)
    floor.minute()
    assert list(floor.planner.slow(floor.connection)) == []
    floor.connection.close()
    refreshed = warehouse.contents()
    warehouse.dbt("run", "--full-refresh")
    full = warehouse.contents()
    different = {table for table in full if refreshed[table] != full[table]}
    assert different == set()
    compare_kpis(warehouse, world)


APART = """
select count(*)
from marts.fct_interactions
full join marts.fct_contact_chains using (interaction_id)
where
    fct_contact_chains.customer_id is distinct from fct_interactions.customer_id
    and coalesce(fct_interactions.direction, 'inbound') = 'inbound'
    and fct_interactions.started_at is not null
"""
CHAINED = "select count(*) from marts.fct_contact_chains"


def test_a_contact_finds_its_customer_though_the_minute_lane_has_no_turn(
    floor: Floor,
) -> None:
    """Marts of customers come after the contacts have taken up who made them."""
    before = floor.value(CHAINED)
    floor.call(count=5)
    assert floor.minute().entry.failed == []
    for plan in floor.planner.slow(floor.connection):
        assert floor.run(plan).entry.failed == []
    assert floor.value(CHAINED) == before + 5
    floor.minute()
    assert floor.value(APART) == 0


def test_who_asks_too_early_by_a_quiet_column_is_told_once_it_has_changed(
    floor: Floor,
) -> None:
    """A mart of customers alone, after identity and before the contacts."""
    before = floor.value(CHAINED)
    floor.call(count=5)
    assert floor.minute().entry.failed == []
    for plan in floor.planner.slow(floor.connection):
        if plan.step == "marts":
            break
        assert floor.run(plan).entry.failed == []
    early = cycle.Plan(lane="slow", step="marts", models=("fct_contact_chains",))
    assert floor.run(early).entry.failed == []
    assert floor.value(CHAINED) == before
    floor.minute()
    assert [one for report in floor.slow() for one in report.entry.failed] == []
    assert floor.value(CHAINED) == before + 5
    assert floor.value(APART) == 0


def test_the_slow_lane_makes_anew_what_a_crash_of_the_server_has_emptied(
    built: Warehouse, floor: Floor
) -> None:
    """Which it does by itself, all at once, and comes to the same."""
    emptied = floor.value(
        "select string_agg(oid::regclass::text, ', ') from pg_class"
        " where relpersistence = 'u' and relkind = 'r'"
    )
    assert "crash_mark" in emptied
    # as the server does when it starts again
    floor.connection.execute(f"truncate {emptied}")
    reports = floor.slow()
    assert [one for report in reports for one in report.entry.failed] == []
    address = settings().dsn
    assert address != built.dsn
    assert Warehouse(address).contents(["identity"]) == built.contents(["identity"])
    assert list(floor.planner.slow(floor.connection)) == []


def test_the_slow_lane_publishes_nobody_that_a_guard_refuses(floor: Floor) -> None:
    """The last publication stays, and the next one comes when the guard lets it."""
    published = "select count(*) from identity.int_records__resolved"
    limit = (
        "update reference.seed_identity_limits set limit_value = %s"
        " where limit_name = 'largest_customer_records'"
    )
    before = floor.value(published)
    floor.call()
    floor.minute()
    floor.connection.execute(limit, [0])
    refused = [one["name"] for report in floor.slow() for one in report.entry.failed]
    assert refused == ["assert_no_customer_is_too_large"]
    assert floor.value(published) == before
    floor.connection.execute(limit, [5000])
    floor.planner.held.clear()
    assert [one for report in floor.slow() for one in report.entry.failed] == []
    assert floor.value(published) == before + 1


def test_a_refresh_is_a_run_of_dagster(
    floor: Floor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one materialisation per model that wrote rows, at the model's own key."""
    deploy.prepare_dagster()
    floor.call()
    look = floor.look()
    plan = floor.planner.minute(floor.connection, look, clocks_run=False)
    monkeypatch.setattr(job.given, "manifests", floor.planner.manifests)
    monkeypatch.setattr(job.given, "plan", plan)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.live_refresh.execute_in_process(instance=instance)
        assert result.success
        found = {
            event.materialization.asset_key.to_user_string()
            for event in result.all_events
            if event.is_step_materialization
        }
        assert "marts/kpi_channel_hourly" in found
        assert len(found) == job.given.report.entry.changed_model_count
        assert job.forget_runs(instance, time.time() + 2 * 86_400) == 1
        assert instance.get_runs() == []


def test_one_serves_the_next_stands_by_and_takes_over(floor: Floor) -> None:
    """Rows reach the marts; a killed serve is followed by the one that stood by."""
    with _serving() as first:
        # at its start it counts all that moves with the clock
        _wait(lambda: _succeeded(floor) > 0, first)
        with _serving() as second:
            assert "standing by" in second.stdout.readline()
            floor.call()
            floor.connection.execute("notify frontdesk_raw, 'phone'")
            _wait(lambda: _read_rows(floor) > 0, first)
            first.kill()
            first.wait(timeout=30)
            _wait(lambda: state.leader(floor.connection), second)
            before = _read_rows(floor)
            cut_connections(floor.connection)
            floor.call(3)
            _wait(lambda: _read_rows(floor) >= before + 3, second)
            second.send_signal(signal.SIGTERM)
            assert second.wait(timeout=60) == 0
            said = second.stdout.read()
    assert "lost the database" in said
    assert said.rstrip().endswith("stopped")


class _serving:
    """A serve in a process of its own, ended with the block."""

    def __enter__(self) -> subprocess.Popen:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", SERVE, "--every", "1", "--slow", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def _wait(happened: Callable[[], Any], process: subprocess.Popen) -> None:
    """Wait for something that a process is to do."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"it did not happen: {process.stdout.read()}")
        time.sleep(0.2)


def _succeeded(floor: Floor) -> int:
    return floor.value(
        "select case when to_regclass('frontdesk.refreshes') is null then 0 else"
        " (select count(*) from frontdesk.refreshes where succeeded)"
        " end"
    )


def _read_rows(floor: Floor) -> int:
    return floor.value(
        "select coalesce(sum(row_count), 0) from frontdesk.refreshes where succeeded"
    )


def _password(floor: Floor) -> str:
    return floor.connection.info.password
