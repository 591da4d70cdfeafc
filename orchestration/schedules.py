"""When jobs run by themselves."""

import dagster as dg

from orchestration.jobs import BUILD_TAGS, rebuild, refresh
from orchestration.settings import settings

WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def is_waiting(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Say whether a run of a job is already queued: another would do nothing more."""
    found = instance.get_runs(
        dg.RunsFilter(job_name=job_name, statuses=WAITING), limit=1
    )
    return bool(found)


def make_schedules() -> list[dg.ScheduleDefinition]:
    """Return the hourly refresh and the daily rebuild, in the business zone."""
    zone = settings().business_zone

    @dg.schedule(
        name="refresh_hourly",
        job=refresh,
        cron_schedule="5 * * * *",
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every hour, five minutes past it.",
    )
    def refresh_hourly(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        if is_waiting(context.instance, refresh.name):
            return dg.SkipReason("a refresh is already queued")
        return dg.RunRequest(tags=BUILD_TAGS)

    @dg.schedule(
        name="rebuild_daily",
        job=rebuild,
        cron_schedule="40 3 * * *",
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every night: whatever an incremental build missed ends here.",
    )
    def rebuild_daily(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        if is_waiting(context.instance, rebuild.name):
            return dg.SkipReason("a rebuild is already queued")
        return dg.RunRequest(tags=BUILD_TAGS)

    return [refresh_hourly, rebuild_daily]
