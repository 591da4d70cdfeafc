"""Refreshes as runs of Dagster: of the warm process, or of a sensor when there is none.

A run is one step that reports what was written. It costs a few dozen rows of the event
log, where a run of all assets costs thousands.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.database import connections
from orchestration.jobs import BUILD_TAGS
from orchestration.schedules import is_waiting
from orchestration.settings import UserError
from orchestration.transform.project import dbt_project
from orchestration.transform.refresh import cycle, ledger, news, state
from orchestration.transform.refresh.manifests import Manifests

NAME = "live_refresh"
KEPT_DAYS = 1
FAILED_KEPT_DAYS = 30


class LaneConfig(dg.Config):
    """Which lane a run refreshes."""

    lane: str = "minute"


class Given:
    """What the warm process has planned for a run, and what came of it."""

    def __init__(self) -> None:
        """Begin with none: then a run plans for itself."""
        self.manifests: Manifests | None = None
        self.plan: cycle.Plan | None = None
        self.report: cycle.Report | None = None


given = Given()


def plans(manifests: Manifests, lane: str) -> Iterator[cycle.Plan]:
    """Yield what a lane has to do, for a run that nobody has planned."""
    planner = cycle.Planner(manifests)
    with connections.connect(autocommit=True) as connection:
        connection.execute(news.PATIENT)
        ledger.ensure_refreshes(connection)
        if lane == "slow":
            yield from planner.slow(connection)
            return
        look = news.look(connection, planner.lanes, ledger.last_read(connection))
        plan = planner.minute(connection, look, clocks_run=True)
        if plan:
            yield plan


def _materializations(
    manifests: Manifests, plan: cycle.Plan, report: cycle.Report
) -> Iterator[dg.AssetMaterialization]:
    """Yield one event per model that wrote rows."""
    models = manifests.lanes().models
    for name, rows in report.changed.items():
        metadata: dict[str, Any] = {"written_row_count": rows, "lane": plan.step}
        if report.entry.refresh_id is not None:
            metadata["refresh_id"] = report.entry.refresh_id
        yield dg.AssetMaterialization(list(models[name].path), metadata=metadata)


@dg.op(name="refresh_lane", description="Runs the models of a lane that have news.")
def refresh_lane(context: dg.OpExecutionContext, config: LaneConfig) -> Iterator[Any]:
    """Run what a lane has to do; one event per model that wrote rows."""
    manifests = given.manifests or Manifests(dbt_project())
    asked = iter([given.plan]) if given.plan else plans(manifests, config.lane)
    complaints = []
    try:
        for plan in asked:
            report = cycle.run(manifests, plan, context.run_id)
            given.report = report
            context.log.info(state.sentence(report.entry, plan.step))
            yield from _materializations(manifests, plan, report)
            if report.complaint:
                complaints.append(report.complaint)
    except UserError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if complaints:
        raise dg.Failure("; ".join(complaints), allow_retries=False)
    yield dg.Output(None)


@dg.job(
    name=NAME,
    executor_def=dg.in_process_executor,
    description="Refreshes what has news in a lane, as `frontdesk serve` does.",
)
def live_refresh() -> None:
    """Refresh one lane."""
    refresh_lane()


def requests(lanes: list[str]) -> list[dg.RunRequest]:
    """Return a run per lane; one build goes at a time."""
    return [
        dg.RunRequest(
            tags={**BUILD_TAGS, "frontdesk/lane": lane},
            run_config={"ops": {"refresh_lane": {"config": {"lane": lane}}}},
        )
        for lane in lanes
    ]


@dg.sensor(
    name="raw_news",
    job=live_refresh,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Switched on, it refreshes by the minute when no serve does.",
)
def raw_news(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Start a refresh when there are raw rows that no look has seen."""
    if is_waiting(context.instance, NAME):
        return dg.SkipReason("a refresh is already queued")
    with connections.connect(autocommit=True) as connection:
        if state.leader(connection):
            return dg.SkipReason("`frontdesk serve` is at work")
        connection.execute(news.PATIENT)
        ledger.ensure_refreshes(connection)
        look = news.look(connection, _lanes(), context.cursor or None)
        age = ledger.seconds_since(connection, "slow")
    lanes = ["minute"] if look.arrivals or not context.cursor else []
    if age is None or age > state.SLOW_SECONDS:
        lanes.append("slow")
    if not lanes:
        context.update_cursor(look.snapshot)
        return dg.SkipReason("nothing new has landed")
    return dg.SensorResult(run_requests=requests(lanes), cursor=look.snapshot)


def _lanes() -> "cycle.Lanes":
    """Return the lanes, without the manifest that runs need."""
    from orchestration.transform.project import ensure_manifest
    from orchestration.transform.refresh.lanes import read_lanes

    return read_lanes(ensure_manifest(dbt_project()))


def forget_runs(instance: dg.DagsterInstance, now: float, most: int = 200) -> int:
    """Delete refreshes of the day before from Dagster; failed ones stay a month."""
    from datetime import UTC, datetime

    gone = 0
    for statuses, days in (
        ([dg.DagsterRunStatus.SUCCESS], KEPT_DAYS),
        ([dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED], FAILED_KEPT_DAYS),
    ):
        before = datetime.fromtimestamp(now - days * 86_400, UTC)
        found = instance.get_runs(
            dg.RunsFilter(job_name=NAME, statuses=statuses, created_before=before),
            limit=most,
        )
        for run in found:
            instance.delete_run(run.run_id)
            gone += 1
    return gone
