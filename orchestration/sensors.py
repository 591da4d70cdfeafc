"""What is watched: files that arrive, runs that fail, checks that fail."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from psycopg.types.json import Jsonb

from orchestration.database import connections
from orchestration.jobs import BUILD_TAGS, refresh
from orchestration.schedules import is_waiting
from orchestration.settings import settings

NANOSECONDS = 1_000_000_000
PROCESS_TAG = "frontdesk/process"


def arrivals(inbox: Path, after: int, until: int) -> list[Path]:
    """Return the files of the inbox last touched after one moment, up to another.

    Moments are nanoseconds. The change time counts, which writing, renaming and
    moving all set: a file moved in with an old date is new all the same.
    """
    found = []
    for folder, folders, names in os.walk(inbox):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if Path(folder) == inbox:
            # a file beside the folders belongs to no source
            continue
        for name in names:
            path = Path(folder) / name
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            touched = max(status.st_ctime_ns, status.st_mtime_ns)
            if not name.startswith(".") and after < touched <= until:
                found.append(path)
    return sorted(found)


@dg.sensor(
    name="inbox_files",
    job=refresh,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a refresh when files have arrived in inbox/<source>/.",
)
def inbox_files(
    context: dg.SensorEvaluationContext,
) -> dg.SensorResult | dg.SkipReason:
    """Start a refresh once new files have lain still for a few seconds."""
    inbox = settings().inbox
    after = int(context.cursor or 0)
    until = time.time_ns() - settings().inbox_quiet_seconds * NANOSECONDS
    files = arrivals(inbox, after, until)
    if not files:
        return dg.SkipReason(f"nothing new in {inbox}")
    if is_waiting(context.instance, refresh.name):
        # the queued run will see these files too
        return dg.SensorResult(cursor=str(until))
    named = ", ".join(str(path.relative_to(inbox)) for path in files[:3])
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=str(until), tags={**BUILD_TAGS, "frontdesk/arrived": named}
            )
        ],
        cursor=str(until),
    )


def write_alert(kind: str, subject: str, detail: dict[str, Any], run_id: str) -> None:
    """Put one alert into the outbox, once per run, kind and subject."""
    with connections.connect() as connection:
        connection.execute(
            "insert into frontdesk.outbox (kind, subject, detail, run_id)"
            " values (%s, %s, %s, %s) on conflict (run_id, kind, subject) do nothing",
            [kind, subject, Jsonb(detail), run_id],
        )


def failed_checks(
    instance: dg.DagsterInstance, run_id: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield severity, subject and detail of each check that failed in a run."""
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    for entry in logs:
        found = entry.dagster_event.asset_check_evaluation_data
        if not found.passed:
            detail = {name: str(value.value) for name, value in found.metadata.items()}
            if found.description:
                detail["description"] = found.description
            subject = f"{found.asset_key.to_user_string()}: {found.check_name}"
            yield found.severity.value.lower(), subject, detail


def report_checks(instance: dg.DagsterInstance, run_id: str) -> int:
    """Put each failed check of a run into the outbox; return how many."""
    count = 0
    for severity, subject, detail in failed_checks(instance, run_id):
        write_alert(f"check_{severity}", subject, detail, run_id)
        count += 1
    return count


def process_tag() -> dict[str, str]:
    """Return the tag that tells which process carries a run."""
    return {PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}"}


def _is_gone(process: str) -> bool:
    """Say whether a process of this machine has ended."""
    host, _, pid = process.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def end_killed_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark builds whose process was killed as failed, so that none waits for them."""
    runs = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    killed = [
        run
        for run in runs
        if PROCESS_TAG in run.tags and _is_gone(run.tags[PROCESS_TAG])
    ]
    for run in killed:
        instance.report_run_failed(run, "the process of this run was killed")
    return [run.run_id for run in killed]


@dg.sensor(
    name="killed_builds",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends builds of the command line whose process was killed.",
)
def killed_builds(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """End builds whose process was killed."""
    ended = end_killed_runs(context.instance)
    return dg.SkipReason(f"ended: {', '.join(ended)}" if ended else "none was killed")


def failure_reasons(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Return why the steps of a run failed, a line each."""
    reasons = []
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for entry in logs:
        failure = entry.dagster_event.step_failure_data
        said = failure.user_failure_data
        text = said.description if said else None
        if not text and failure.error:
            root = failure.error.cause or failure.error
            interrupted = root.cls_name == "DagsterExecutionInterruptedError"
            text = "stopped by a signal" if interrupted else root.message
        lines = (text or entry.user_message).strip().splitlines()
        reasons.append(f"{entry.step_key}: {lines[0]}")
    return reasons


def report_failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Put a failed run into the outbox."""
    detail = {"reasons": failure_reasons(instance, run.run_id), "tags": dict(run.tags)}
    write_alert("run_failed", run.job_name, detail, run.run_id)


@dg.run_failure_sensor(
    name="runs_that_failed",
    # a build from the command line belongs to no code location
    monitor_all_code_locations=True,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes each failed run to frontdesk.outbox.",
)
def runs_that_failed(context: dg.RunFailureSensorContext) -> None:
    """Write a failed run to the outbox."""
    report_failure(context.instance, context.dagster_run)


def make_check_sensor(status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    """Return a sensor that reports failed checks of runs that ended one way.

    A failed check that blocks nothing leaves its run a success, so both ends count.
    """

    @dg.run_status_sensor(
        name=f"checks_of_{status.value.lower()}",
        run_status=status,
        monitor_all_code_locations=True,
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes each failed check to frontdesk.outbox.",
    )
    def checks_that_failed(context: dg.RunStatusSensorContext) -> None:
        report_checks(context.instance, context.dagster_run.run_id)

    return checks_that_failed


sensors = [
    inbox_files,
    killed_builds,
    runs_that_failed,
    make_check_sensor(dg.DagsterRunStatus.SUCCESS),
    make_check_sensor(dg.DagsterRunStatus.FAILURE),
]
