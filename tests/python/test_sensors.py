"""What is watched: files that arrive, runs and checks that fail."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from orchestration import sensors
from orchestration.settings import settings

SECOND = 1_000_000_000


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the inbox of a state folder of this test's own."""
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    monkeypatch.setenv("FRONTDESK_INBOX_QUIET_SECONDS", "1")
    settings.cache_clear()
    folder = tmp_path / "inbox"
    (folder / "phone").mkdir(parents=True)
    yield folder
    monkeypatch.undo()
    settings.cache_clear()


def test_a_file_counts_once_it_lies_still(inbox: Path) -> None:
    """Not while it is written, and not twice."""
    path = inbox / "phone" / "calls_cn_2026-01-05.csv"
    path.write_text("call_id\n")
    (inbox / "phone" / ".half-written.csv").write_text("call_id\n")
    (inbox / "beside.csv").write_text("call_id\n")
    now = max(path.stat().st_ctime_ns, path.stat().st_mtime_ns)
    assert sensors.arrivals(inbox, 0, now - 1) == []
    assert sensors.arrivals(inbox, 0, now) == [path]
    assert sensors.arrivals(inbox, now, now + SECOND) == []


def test_a_file_moved_in_with_an_old_date_is_new(inbox: Path) -> None:
    """The date of its content says nothing about when it arrived."""
    outside = inbox.parent / "old.csv"
    outside.write_text("call_id\n")
    os.utime(outside, (1, 1))
    before = time.time_ns()
    time.sleep(0.02)
    path = outside.rename(inbox / "phone" / "old.csv")
    assert sensors.arrivals(inbox, before, time.time_ns() + SECOND) == [path]


def test_the_inbox_sensor_asks_for_one_run(inbox: Path) -> None:
    """It names what arrived, and keeps quiet afterwards."""
    (inbox / "phone" / "calls_cn_2026-01-05.csv").write_text("call_id\n")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        assert isinstance(sensors.inbox_files(context), dg.SkipReason)
        time.sleep(1.1)
        found = sensors.inbox_files(context)
        (request,) = found.run_requests
        assert request.tags["frontdesk/arrived"] == "phone/calls_cn_2026-01-05.csv"
        again = dg.build_sensor_context(instance=instance, cursor=found.cursor)
        assert isinstance(sensors.inbox_files(again), dg.SkipReason)


def test_a_missing_inbox_is_an_empty_one(tmp_path: Path) -> None:
    """Nobody has to make the folder."""
    assert sensors.arrivals(tmp_path / "nowhere", 0, time.time_ns()) == []


@pytest.fixture
def outbox(
    fresh_dsn: Callable[[], str], use_dsn: Callable[[str], None]
) -> Callable[[], list[tuple[Any, ...]]]:
    """Return a function that reads the outbox of a new database."""
    address = fresh_dsn()
    use_dsn(address)

    def read() -> list[tuple[Any, ...]]:
        with psycopg.connect(address) as connection:
            return connection.execute(
                "select kind, subject, detail from frontdesk.outbox order by id"
            ).fetchall()

    return read


def broken_run(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Run a job whose check fails and whose asset breaks."""

    @dg.asset(check_specs=[dg.AssetCheckSpec("is_right", asset="thing")])
    def thing() -> dg.MaterializeResult:
        return dg.MaterializeResult(
            check_results=[
                dg.AssetCheckResult(
                    passed=False,
                    check_name="is_right",
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"rows": 3},
                )
            ]
        )

    @dg.asset(deps=[thing])
    def other() -> None:
        raise dg.Failure("no paper left")

    return dg.materialize([thing, other], instance=instance, raise_on_error=False)


def test_failed_runs_and_checks_reach_the_outbox_once(
    outbox: Callable[[], list[tuple[Any, ...]]],
) -> None:
    """The command line and the sensors may both report the same run."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = broken_run(instance)
        run = instance.get_run_by_id(result.run_id)
        for _ in range(2):
            assert sensors.report_checks(instance, run.run_id) == 1
            sensors.report_failure(instance, run)
    check, failure = outbox()
    assert check[:2] == ("check_warn", "thing: is_right")
    assert check[2]["rows"] == "3"
    assert failure[:2] == ("run_failed", run.job_name)
    assert failure[2]["reasons"] == ["other: no paper left"]


def test_the_failure_sensor_writes_to_the_outbox(
    outbox: Callable[[], list[tuple[Any, ...]]],
) -> None:
    """As Dagster's daemon calls it."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = broken_run(instance)
        context = dg.build_run_status_sensor_context(
            sensor_name="runs_that_failed",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        sensors.runs_that_failed(context)
    assert [row[0] for row in outbox()] == ["run_failed"]


def test_a_killed_build_is_found_out() -> None:
    """Its process is gone, so nobody will ever end its run."""
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    host = sensors.process_tag()[sensors.PROCESS_TAG].rpartition(":")[0]
    with dg.DagsterInstance.ephemeral() as instance:

        @dg.op
        def nothing() -> None: ...

        @dg.job
        def build() -> None:
            nothing()

        alive, killed, elsewhere = (
            instance.create_run_for_job(
                build, status=dg.DagsterRunStatus.STARTED, tags=tags
            ).run_id
            for tags in (
                sensors.process_tag(),
                {sensors.PROCESS_TAG: f"{host}:{ended.pid}"},
                {sensors.PROCESS_TAG: f"another-{host}:{ended.pid}"},
            )
        )
        assert sensors.end_killed_runs(instance) == [killed]
        assert instance.get_run_by_id(killed).is_failure
        assert not instance.get_run_by_id(alive).is_finished
        assert not instance.get_run_by_id(elsewhere).is_finished
        assert json.dumps(sensors.end_killed_runs(instance)) == "[]"
