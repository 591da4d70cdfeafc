"""Run a build in this process, so that it appears in Dagster like any other."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass

import dagster as dg
import psycopg
import sqlalchemy.exc

from orchestration import sensors
from orchestration.deploy import keep_connections, prepare_dagster
from orchestration.jobs import rebuild, refresh
from orchestration.settings import UserError, settings
from orchestration.transform import assets

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
"""Dagster keeps its log in the database; the terminal gets our own lines."""


@dataclass(frozen=True)
class BuildReport:
    """How a build went."""

    run_id: str
    succeeded: bool
    reasons: list[str]
    failed_checks: list[tuple[str, str]]
    """Severity and subject of each check that failed, warnings included."""


@contextmanager
def _watched(watcher: assets.Watcher | None) -> Iterator[None]:
    """Let a watcher hear of the build."""
    if watcher:
        assets.watchers.append(watcher)
    try:
        yield
    finally:
        if watcher:
            assets.watchers.remove(watcher)


@contextmanager
def _noise_kept() -> Iterator[None]:
    """Keep what libraries print of their troubles in a file; a user gets one line."""
    log = settings().home / "logs" / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, redirect_stderr(file):
        yield


def run_build(
    options: assets.BuildOptions, watcher: assets.Watcher | None = None
) -> BuildReport:
    """Land the inbox, build, test; return how it went.

    The run is the job `refresh` or `rebuild` of the code location itself.
    """
    prepare_dagster()
    # what libraries log goes to the run's own log, not to the terminal
    logging.getLogger().addHandler(logging.NullHandler())
    # imported here: the definitions need dbt's manifest, which takes seconds
    from orchestration.definitions import defs

    name = rebuild.name if options.full_refresh else refresh.name
    job = defs().resolve_job_def(name)
    config = {
        "ops": {"warehouse": {"config": options.model_dump()}},
        "loggers": QUIET,
    }
    try:
        with (
            _noise_kept(),
            dg.DagsterInstance.get() as instance,
            _watched(watcher),
        ):
            keep_connections(instance)
            sensors.end_killed_runs(instance)
            result = job.execute_in_process(
                run_config=config,
                instance=instance,
                tags=sensors.process_tag(),
                raise_on_error=False,
            )
            return _report(instance, result.run_id)
    except (sqlalchemy.exc.DBAPIError, psycopg.OperationalError) as error:
        raise UserError(
            "the database went away during the build; nothing is half done:"
            " `frontdesk up`, then build again"
        ) from error


def _report(instance: dg.DagsterInstance, run_id: str) -> BuildReport:
    """Return how a run went, and put what failed into the outbox."""
    run = instance.get_run_by_id(run_id)
    checks = [
        (severity, subject)
        for severity, subject, _ in sensors.failed_checks(instance, run_id)
    ]
    sensors.report_checks(instance, run_id)
    if not run.is_success:
        sensors.report_failure(instance, run)
    return BuildReport(
        run_id=run_id,
        succeeded=run.is_success,
        reasons=sensors.failure_reasons(instance, run_id),
        failed_checks=checks,
    )
