"""The code location: loads, names, schedules, and what it shows of dbt."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration import schedules
from orchestration.settings import ROOT

ROOMS = {"raw", "reference", "staging", "cleaned", "marts"}


@pytest.fixture(scope="module")
def definitions(manifest: dict[str, Any]) -> dg.Definitions:
    """Return the code location."""
    from orchestration.definitions import defs

    return defs()


def test_the_code_location_loads(definitions: dg.Definitions) -> None:
    """Everything resolves: assets, checks, jobs, schedules, sensors."""
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in definitions.jobs} == {
        "refresh",
        "rebuild",
        "live_refresh",
    }
    assert {schedule.name for schedule in definitions.schedules} == {
        "refresh_hourly",
        "rebuild_daily",
    }
    assert {sensor.name for sensor in definitions.sensors} == {
        "inbox_files",
        "killed_builds",
        "runs_that_failed",
        "checks_of_success",
        "checks_of_failure",
        "raw_news",
    }


def test_the_room_is_key_and_group(definitions: dg.Definitions) -> None:
    """Whoever sees an asset knows its folder and its schema."""
    graph = definitions.resolve_asset_graph()
    wrong = [
        key.to_user_string()
        for key in graph.materializable_asset_keys
        if graph.get(key).group_name != key.path[0]
    ]
    assert wrong == []
    found = {key.path[0] for key in graph.get_all_asset_keys()}
    assert found >= ROOMS


def test_every_test_of_dbt_is_a_check(
    definitions: dg.Definitions, manifest: dict[str, Any]
) -> None:
    """Tests of sources too; what Dagster cannot show would fail unseen."""
    graph = definitions.resolve_asset_graph()
    shown = {key.name for key in graph.asset_check_keys}
    missing = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node["name"] not in shown
    ]
    assert missing == []


def test_a_whole_job_asks_dbt_for_everything(definitions: dg.Definitions) -> None:
    """Both jobs take every asset and every check, in one process."""
    graph = definitions.resolve_asset_graph()
    for name in ("refresh", "rebuild"):
        job = definitions.resolve_job_def(name)
        layer = job.asset_layer
        assert set(layer.selected_asset_keys) == set(graph.materializable_asset_keys)
        assert set(graph.asset_check_keys) == {
            key for key in graph.asset_check_keys if layer.has(key)
        }
        assert job.executor_def.name == dg.in_process_executor.name


def test_only_the_rebuild_starts_from_scratch(definitions: dg.Definitions) -> None:
    """The jobs differ in one option."""
    rebuild = definitions.resolve_job_def("rebuild")
    options = rebuild.run_config["ops"]["warehouse"]["config"]
    assert options == {"full_refresh": True}
    assert not definitions.resolve_job_def("refresh").run_config


@pytest.mark.parametrize(("waits", "runs"), [(False, 1), (True, 0)])
@pytest.mark.parametrize("name", ["refresh_hourly", "rebuild_daily"])
def test_a_tick_starts_one_run(
    definitions: dg.Definitions,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    waits: bool,
    runs: int,
) -> None:
    """Unless one waits already."""
    monkeypatch.setattr(schedules, "is_waiting", lambda *_: waits)
    schedule = definitions.resolve_schedule_def(name)
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2026, 1, 5, tzinfo=UTC)
    )
    monkeypatch.setattr(type(context), "instance", property(lambda _: None))
    assert len(schedule.evaluate_tick(context).run_requests) == runs


def test_a_queued_run_is_seen(definitions: dg.Definitions) -> None:
    """Runs that go on, or have ended, do not count."""
    job = definitions.resolve_job_def("refresh")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        assert not schedules.is_waiting(instance, "refresh")
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.NOT_STARTED)
        assert schedules.is_waiting(instance, "refresh")
        assert not schedules.is_waiting(instance, "rebuild")


def test_dagsters_own_settings_send_nothing_out() -> None:
    """No telemetry, no dialog; storage is the warehouse's own database."""
    path = Path(ROOT) / "orchestration" / "deploy" / "dagster.yaml"
    configuration = yaml.safe_load(path.read_text())
    assert configuration["telemetry"] == {"enabled": False}
    assert configuration["nux"] == {"enabled": False}
    assert "postgres" in configuration["storage"]
