"""Every model, seed and test of the dbt project as Dagster assets and checks.

dbt runs inside the step's process: a command per run costs ten times as much.
"""

import contextlib
import ctypes
import json
import queue
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import psycopg2
from dagster_dbt import DbtProject, dbt_assets
from psycopg.types.json import Jsonb

from orchestration.database import connections
from orchestration.settings import UserError, exported, settings
from orchestration.transform.lock import build_lock
from orchestration.transform.measures import snapshot, with_measures
from orchestration.transform.project import (
    OFFLINE,
    directories,
    ensure_manifest,
    kept_manifest,
    one_line,
    translator,
)

RESULT_EVENTS = {
    "LogSeedResult",
    "LogModelResult",
    "LogSnapshotResult",
    "LogTestResult",
}
FAILED = {"error", "fail", "runtime error", "partial success"}
MOST_NAMED = 5
UNBUILT = re.compile(r'relation "[^"]+" does not exist')
"""What Postgres says where a part is built and not what it reads."""
SESSION = {
    # a server of the user's own may have just-in-time compilation on, which costs
    # more than it gives; what dbt builds can be built again, so no commit of it
    # waits for the disk (landing does)
    "PGOPTIONS": "-c jit=off -c timezone=UTC -c synchronous_commit=off"
}
END = None


class BuildOptions(dg.Config):
    """What a run may ask of the build."""

    full_refresh: bool = False
    select: list[str] = []  # noqa: RUF012 - dagster copies the default of each run
    exclude: list[str] = []  # noqa: RUF012
    unit_tests: bool = False
    wait: bool = True


@dataclass(frozen=True)
class NodeResult:
    """One dbt node that has ended."""

    unique_id: str
    name: str
    kind: str
    room: str
    status: str
    message: str
    seconds: float
    index: int
    total: int

    @property
    def failed(self) -> bool:
        """Say whether the node stops the build."""
        return self.status in FAILED


@dataclass
class Outcome:
    """What dbt did."""

    results: list[NodeResult] = field(default_factory=list)
    messages: dict[str, str] = field(default_factory=dict)
    """What dbt said of each node in the end; the events only say that it failed."""
    error: str | None = None

    @property
    def failed(self) -> list[NodeResult]:
        """The nodes that failed, in the order in which they did, with the reason."""
        return [
            replace(result, message=self.messages.get(result.unique_id, result.message))
            for result in self.results
            if result.failed
        ]

    def seconds_per_room(self) -> dict[str, float]:
        """Return the node seconds of each room; nodes run side by side."""
        rooms: dict[str, float] = defaultdict(float)
        for result in self.results:
            rooms[result.room] += result.seconds
        return {room: round(seconds, 2) for room, seconds in rooms.items()}

    def complaint(self) -> str | None:
        """Return one line that names what failed, or nothing."""
        failed = self.failed
        if failed:
            named = "; ".join(
                f"{result.name}: {result.message}" for result in failed[:MOST_NAMED]
            )
            more = len(failed) - MOST_NAMED
            tail = f"; and {more} more" if more > 0 else ""
            return f"{len(failed)} of {len(self.results)} nodes failed: {named}{tail}"
        return self.error


class Watcher:
    """Hears of a build in its own process, for progress bars; does nothing itself."""

    def node_ended(self, result: NodeResult) -> None:
        """Hear of a node that has ended."""

    def waits(self, reason: str) -> None:
        """Hear that the build has to wait, and for what."""


watchers: list[Watcher] = []


def _room(kind: str, path: str) -> str:
    """Return the room a node is built into; all tests together are one more."""
    if "test" in kind:
        return "tests"
    return "reference" if kind == "seed" else path.split("/")[0]


def _result(event: Mapping[str, Any]) -> NodeResult:
    """Return what an event of dbt says about a node that ended."""
    data = event["data"]
    node = data["node_info"]
    kind = node.get("resource_type", "")
    status = node.get("node_status", "").lower()
    if status in ("", "none"):
        # unit tests and microbatches keep it elsewhere
        status = data.get("status", "").lower()
    return NodeResult(
        unique_id=node["unique_id"],
        name=node["node_name"],
        kind=kind,
        room=_room(kind, node.get("node_path", "")),
        status=status,
        message=one_line(data.get("msg") or data.get("status") or event["info"]["msg"]),
        seconds=float(data.get("execution_time", 0)),
        index=int(data.get("index", 0)),
        total=int(data.get("total", data.get("num_models", 0))),
    )


def _said(message: object) -> str:
    """Return what dbt said of a node, and what helps where that is known."""
    said = one_line(message)
    if UNBUILT.search(said):
        said += (
            " (not built yet, or emptied by a crash of the database: `frontdesk build`"
            " without a selection makes it)"
        )
    return said


def _invoke(
    project: DbtProject,
    arguments: list[str],
    events: queue.Queue,
    outcome: Outcome,
    manifest: object | None,
) -> None:
    """Run dbt to its end; put each result, then END, into the queue."""
    from dbt.cli.main import dbtRunner
    from google.protobuf.json_format import MessageToDict

    from orchestration.transform.sessions import keep_sessions

    keep_sessions()

    def on_event(event: Any) -> None:  # noqa: ANN401 - one class per kind of event
        if event.info.name in RESULT_EVENTS:
            events.put(MessageToDict(event, preserving_proto_field_name=True))

    try:
        runner = dbtRunner(
            manifest=manifest or kept_manifest(project), callbacks=[on_event]
        )
        done = runner.invoke(arguments)
        for result in getattr(done.result, "results", []):
            said = outcome.messages[result.node.unique_id] = _said(result.message)
            # hooks send no event when they end
            if result.node.resource_type == "operation" and result.status in FAILED:
                outcome.error = said
        if not done.success and outcome.error is None:
            outcome.error = one_line(done.exception or "dbt reported failed nodes")
    except BaseException as error:  # the thread's owner must hear of everything
        outcome.error = one_line(error) or type(error).__name__
    finally:
        events.put(END)


def _stop(thread: threading.Thread) -> None:
    """End a dbt that nobody waits for any more: its queries first, then itself."""
    from dbt.adapters.factory import FACTORY

    while thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt)
        )
        for adapter in list(FACTORY.adapters.values()):
            for connection in list(adapter.connections.thread_connections.values()):
                if connection.state == "open" and connection.handle is not None:
                    # dbt's own thread may close it at the same moment
                    with contextlib.suppress(psycopg2.InterfaceError):
                        connection.handle.cancel()
        thread.join(timeout=1)


def invoke_dbt(
    project: DbtProject,
    arguments: list[str],
    outcome: Outcome,
    manifest: object | None = None,
) -> Iterator[dict[str, Any]]:
    """Run dbt in this process and yield its result events as they come.

    Without a manifest of the caller's it is the whole project's.
    Every way out (an error of the caller, an interrupt) ends dbt's thread too.
    """
    events: queue.Queue = queue.Queue()
    command = [
        *("--log-level", "none", "--no-version-check", *arguments),
        *("--threads", str(settings().dbt_threads), *directories(project)),
    ]
    thread = threading.Thread(
        target=_invoke,
        args=(project, command, events, outcome, manifest),
        name="dbt",
    )
    with exported({**OFFLINE, **SESSION, **connections.dbt_environment()}):
        thread.start()
        ended = False
        try:
            while (event := events.get()) is not END:
                result = _result(event)
                outcome.results.append(result)
                for watcher in watchers:
                    watcher.node_ended(result)
                yield event
            ended = True
        finally:
            if not ended:
                _stop(thread)
            thread.join()


def _selection(
    context: dg.AssetExecutionContext, manifest: Mapping[str, Any], wish: BuildOptions
) -> list[str]:
    """Return dbt's selection: the wish of the run, or what Dagster selected."""
    from dagster_dbt.asset_utils import get_subset_selection_for_context

    arguments: list[str] = []
    if wish.select:
        arguments += ["--select", *wish.select]
    elif context.is_subset:
        selected, indirect = get_subset_selection_for_context(
            context=context,
            manifest=manifest,
            select="fqn:*",
            exclude=None,
            selector=None,
            dagster_dbt_translator=translator,
            current_dbt_indirect_selection_env=None,
        )
        arguments += selected
        if indirect:
            arguments += ["--indirect-selection", indirect]
    if wish.exclude:
        arguments += ["--exclude", *wish.exclude]
    if wish.full_refresh:
        arguments += ["--full-refresh"]
    if not wish.unit_tests:
        # they are for changes, not for nights
        arguments += ["--exclude-resource-type", "unit_test"]
    return arguments


class Record:
    """The row of one build in frontdesk.builds."""

    def __init__(self, context: dg.AssetExecutionContext, wish: BuildOptions) -> None:
        """Note that a build has begun."""
        self.run_id = context.run_id
        self.clock = time.monotonic()
        options = json.dumps(wish.model_dump(exclude_defaults=True))
        with connections.connect() as connection:
            connection.execute(
                "insert into frontdesk.builds (run_id, job, options, started_at)"
                " values (%s, %s, %s, %s)"
                " on conflict (run_id) do update set started_at = excluded.started_at",
                [self.run_id, context.job_name, options, datetime.now(UTC)],
            )

    def end(self, outcome: Outcome, parts: Mapping[str, float]) -> None:
        """Note how it went, and how long each part took."""
        seconds = {
            **parts,
            "dbt": round(time.monotonic() - self.clock, 2),
            **outcome.seconds_per_room(),
        }
        failed = [
            {"name": result.name, "message": result.message, "id": result.unique_id}
            for result in outcome.failed
        ]
        with connections.connect() as connection:
            connection.execute(
                "update frontdesk.builds set ended_at = now(), succeeded = %s,"
                " node_count = %s, failed = %s, seconds = %s where run_id = %s",
                [
                    outcome.complaint() is None,
                    len(outcome.results),
                    Jsonb(failed),
                    Jsonb(seconds),
                    self.run_id,
                ],
            )


def _earlier_seconds(context: dg.AssetExecutionContext) -> dict[str, float]:
    """Return how long the loading steps of this run took together."""
    steps = context.instance.get_run_step_stats(context.run_id)
    spent = sum(
        step.end_time - step.start_time
        for step in steps
        if step.end_time and step.start_time
    )
    return {"load": round(spent, 2)}


def build_events(
    context: dg.AssetExecutionContext, project: DbtProject, wish: BuildOptions
) -> Iterator[Any]:
    """Build what is asked for; yield Dagster's events; fail naming what failed."""
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

    manifest = json.loads(project.manifest_path.read_text())
    arguments = ["build", *_selection(context, manifest, wish)]
    outcome = Outcome()

    def say(reason: str) -> None:
        context.log.warning(reason)
        for watcher in watchers:
            watcher.waits(reason)

    with build_lock(wait=wish.wait, say=say):
        record = Record(context, wish)
        since = snapshot()
        try:
            for raw in invoke_dbt(project, arguments, outcome):
                message = DbtCoreCliEventMessage(raw, event_history_metadata={})
                events = message.to_default_asset_events(
                    manifest=manifest,
                    dagster_dbt_translator=translator,
                    context=context,
                    target_path=project.target_path,
                    project=project,
                )
                node = manifest["nodes"].get(raw["data"]["node_info"]["unique_id"])
                yield from with_measures(events, node, since)
        except BaseException as error:
            outcome.error = one_line(error) or "interrupted"
            # the first error counts; when it is a lost database, no note can be made
            with contextlib.suppress(Exception):
                record.end(outcome, _earlier_seconds(context))
            raise
        record.end(outcome, _earlier_seconds(context))
    complaint = outcome.complaint()
    if complaint:
        raise dg.Failure(complaint)


def make_warehouse_assets(project: DbtProject) -> dg.AssetsDefinition:
    """Return one Dagster asset per model and seed, one check per test."""

    @dbt_assets(
        manifest=ensure_manifest(project),
        project=project,
        dagster_dbt_translator=translator,
        name="warehouse",
    )
    def warehouse(
        context: dg.AssetExecutionContext, config: BuildOptions
    ) -> Iterator[Any]:
        try:
            yield from build_events(context, project, config)
        except UserError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    return warehouse
