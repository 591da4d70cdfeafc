"""One refresh: what to run, running it, and noting what came of it."""

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from orchestration.database import connections
from orchestration.transform.assets import NodeResult, Outcome, invoke_dbt
from orchestration.transform.lock import build_lock
from orchestration.transform.refresh import ledger, news
from orchestration.transform.refresh.lanes import LATE_ROOMS, Lanes
from orchestration.transform.refresh.manifests import TAG, Manifests

CHANGED = re.compile(r"(?:MERGE|INSERT|SELECT|DELETE) (?:0 )?(\d+)")
NOT_MADE = "skipped"
MOST_TOLD = 8


@dataclass(frozen=True)
class Plan:
    """What one refresh shall run."""

    lane: str
    step: str
    """What people read: `minute`, or the part of the slow lane."""
    models: tuple[str, ...]
    guards: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    """Models of other lanes, into which gates of this one do not look."""
    clocks_run: bool = False
    look: news.Look | None = None


@dataclass
class Report:
    """How one refresh went."""

    entry: ledger.Entry
    changed: dict[str, int] = field(default_factory=dict)
    """Rows written, of each model that wrote any."""
    failed: list[NodeResult] = field(default_factory=list)
    complaint: str | None = None


class Planner:
    """Decides what a refresh runs; remembers what failed a moment ago."""

    patience = 60.0
    most_patience = 600.0

    def __init__(self, manifests: Manifests) -> None:
        """Begin with nothing failed."""
        self.manifests = manifests
        self.held: dict[str, tuple[float, float]] = {}
        """When a model that failed may be run again, and how long it was held."""
        self.all_held_until = 0.0

    @property
    def lanes(self) -> Lanes:
        """Return the lanes of the project as it stands."""
        return self.manifests.lanes()

    def minute(
        self, connection: psycopg.Connection, look: news.Look, *, clocks_run: bool
    ) -> Plan | None:
        """Return what the minute lane has to do; nothing when all is read."""
        if time.monotonic() < self.all_held_until:
            return None
        lanes = self.lanes
        starts = set(news.unread(connection, lanes, lanes.minute))
        if clocks_run:
            starts |= self._connected(connection, lanes)
        models = lanes.below(starts, lanes.minute)
        if clocks_run:
            # what they wake is asked for afterwards: mostly it is nothing
            models |= lanes.clocked
        models -= self._held(lanes)
        if not models:
            return None
        return Plan(
            lane="minute",
            step="minute",
            models=tuple(sorted(models)),
            unfinished=tuple(sorted(lanes.slow)),
            clocks_run=clocks_run,
            look=look,
        )

    def slow(self, connection: psycopg.Connection) -> Iterator[Plan]:
        """Yield the parts of the slow lane, each planned when the one before is done.

        Between two of them the minute lane may have its turn. Customers are published
        together with the marts that tell of them alone. The other marts ask contacts
        and tickets by customer, which these have to take up before: what the minute
        lane has not read yet goes along.
        """
        for step in ("cleaned", "identity", "marts"):
            if time.monotonic() < self.all_held_until:
                return
            lanes = self.lanes
            starts = news.unread(connection, lanes, lanes.slow)
            if starts:
                starts |= lanes.companions
            models = {
                name
                for name in lanes.below(starts, lanes.slow)
                if self._step_of(lanes, name) == step
            }
            if models and step == "marts":
                fresh = news.unread(connection, lanes, lanes.minute)
                models |= lanes.below(fresh, lanes.minute)
            models -= self._held(lanes)
            if models:
                yield Plan(
                    lane="slow",
                    step=step,
                    models=tuple(sorted(models)),
                    guards=self._guards(connection, lanes, step),
                    clocks_run=True,
                )

    def _step_of(self, lanes: Lanes, name: str) -> str:
        """Return the part of the slow lane that a model belongs to."""
        model = lanes.models[name]
        rooms = {lanes.models[read].room for read in model.reads}
        if model.room in LATE_ROOMS or (rooms <= set(LATE_ROOMS) and rooms):
            return "identity"
        return "cleaned" if model.room == "cleaned" else "marts"

    def _guards(
        self, connection: psycopg.Connection, lanes: Lanes, step: str
    ) -> tuple[str, ...]:
        """Return the tests that must pass before customers are published."""
        if step not in LATE_ROOMS:
            return ()
        built = {row[0] for row in connection.execute(news.BUILT)}
        stands = {
            model.name: model.is_landing or model.is_table or model.relation in built
            for model in lanes.models.values()
        }
        return tuple(self.manifests.guards(step, stands))

    def _connected(self, connection: psycopg.Connection, lanes: Lanes) -> set[str]:
        """Return the minute models over tables that a connector has filled."""
        filled = news.filled(connection, lanes)
        return {
            name
            for name in lanes.minute
            for touch in lanes.models[name].touches
            if touch.parent in filled
        }

    def _held(self, lanes: Lanes) -> frozenset[str]:
        """Return what failed a moment ago, and what reads it."""
        now = time.monotonic()
        failing = [name for name, (until, _) in self.held.items() if until > now]
        return lanes.below(failing, lanes.minute | lanes.slow)

    def learn(self, plan: Plan, report: Report) -> list[NodeResult]:
        """Leave what failed alone for a while; return what had not failed before."""
        failing = {result.name: result for result in report.failed}
        if report.complaint and not failing:
            # dbt itself did not get to work
            self.all_held_until = time.monotonic() + self.patience
        fresh = [result for name, result in failing.items() if name not in self.held]
        for name in set(plan.models) - set(failing):
            self.held.pop(name, None)
        for name in failing:
            _, patience = self.held.get(name, (0.0, self.patience / 2))
            patience = min(2 * patience, self.most_patience)
            self.held[name] = (time.monotonic() + patience, patience)
        return fresh


@contextmanager
def _lap(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Note how long a part took."""
    started = time.monotonic()
    try:
        yield
    finally:
        seconds[name] = round(time.monotonic() - started, 3)


def run(manifests: Manifests, plan: Plan, run_id: str) -> Report:
    """Run a plan when no other build runs; note it, and return how it went.

    What another build has done meanwhile is found read, and costs next to nothing.
    """
    arrivals = plan.look.arrivals if plan.look else ()
    entry = ledger.Entry(
        lane=plan.lane,
        run_id=run_id,
        started_at=datetime.now(UTC),
        read_snapshot="",
        sources=sorted(arrival.view.removeprefix("stg_") for arrival in arrivals),
        row_count=plan.look.row_count if plan.look else 0,
        oldest_row_at=plan.look.oldest_row_at if plan.look else None,
    )
    seconds = entry.seconds
    outcome = Outcome()
    clock = time.monotonic()
    with build_lock(wait=True) as connection:
        seconds["waited"] = round(time.monotonic() - clock, 3)
        entry.read_snapshot = connection.execute(news.NOW).fetchone()[0]
        ledger.begin(connection, entry)
        report = Report(entry)
        try:
            with _lap(seconds, "prepared"):
                manifest = manifests.cut(plan.models, plan.guards, plan.unfinished)
            with _lap(seconds, "dbt"):
                for event in invoke_dbt(
                    manifests.project, _arguments(plan), outcome, manifest
                ):
                    _count(report, event)
        except BaseException as error:
            outcome.error = outcome.error or str(error) or "interrupted"
            raise
        finally:
            _close(report, plan, outcome)
            _note(connection, entry)
    return report


def _arguments(plan: Plan) -> list[str]:
    """Return the command of dbt that runs a plan."""
    return [
        "build" if plan.guards else "run",
        *("--select", f"tag:{TAG}", "--indirect-selection", "empty"),
        *("--vars", json.dumps({"clocks_run": plan.clocks_run})),
        *("--no-write-json", "--log-level-file", "none"),
    ]


def _count(report: Report, event: dict) -> None:
    """Add the rows of one model that has ended."""
    data = event["data"]
    found = CHANGED.match(str(data.get("status", "")))
    if found and int(found.group(1)):
        report.changed[data["node_info"]["node_name"]] = int(found.group(1))


def _close(report: Report, plan: Plan, outcome: Outcome) -> None:
    """Say in the entry how the run went."""
    entry = report.entry
    report.complaint = outcome.complaint()
    report.failed = [
        result for result in outcome.failed if NOT_MADE not in result.status
    ]
    entry.succeeded = report.complaint is None
    entry.model_count = len(plan.models)
    entry.changed_model_count = len(report.changed)
    entry.written_row_count = sum(report.changed.values())
    entry.failed = [
        {"name": result.name, "message": result.message} for result in report.failed
    ]
    if report.complaint and not report.failed:
        entry.failed = [{"name": "dbt", "message": report.complaint}]
    entry.seconds.update(_rooms(outcome))
    entry.dearest = {
        result.name: round(result.seconds, 2)
        for result in sorted(outcome.results, key=lambda one: -one.seconds)[:MOST_TOLD]
    }


def _rooms(outcome: Outcome) -> dict[str, float]:
    """Return the seconds of each room; models of a run go side by side."""
    rooms: dict[str, float] = defaultdict(float)
    for result in outcome.results:
        rooms[result.room] += result.seconds
    return {room: round(spent, 2) for room, spent in rooms.items()}


def _note(connection: psycopg.Connection, entry: ledger.Entry) -> None:
    """Note the end, on another connection when that of the lock is lost."""
    try:
        ledger.end(connection, entry)
    except psycopg.OperationalError:
        with connections.connect(autocommit=True) as other:
            ledger.end(other, entry)
