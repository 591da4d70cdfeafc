"""The warm process: it hears of new raw rows and refreshes what they touch."""

import gc
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass
from types import FrameType

import dagster as dg
import psycopg
import sqlalchemy.exc

from orchestration import sensors
from orchestration.database import connections
from orchestration.deploy import keep_connections, prepare_dagster
from orchestration.settings import UserError, settings
from orchestration.transform.project import dbt_project
from orchestration.transform.refresh import cycle, job, ledger, news, state
from orchestration.transform.refresh.manifests import Manifests
from orchestration.transform.sessions import held_between_runs

CHANNEL = "frontdesk_raw"
LOST = (psycopg.OperationalError, psycopg.InterfaceError, sqlalchemy.exc.DBAPIError)
QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
SETTLE_SECONDS = 1.0
"""Rows of one file or batch come together: the first of them waits for the others."""
STAND_BY_SECONDS = 2.0
MOST_PATIENCE = 5.0
ENDS = {signal.SIGTERM, signal.SIGINT}
TIDY_SECONDS = 3600.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """How often what is done."""

    minute_seconds: float = 20.0
    """From the begin of one refresh by the minute to the begin of the next."""
    look_seconds: float = 10.0
    """How often raw is looked at when nobody tells of news."""
    clock_seconds: float = 300.0
    """How often figures are counted that move with the clock alone."""
    slow_seconds: float = state.SLOW_SECONDS
    """How often the slow lane looks for work; 0 leaves it to builds."""


class Stopped(BaseException):
    """The process was asked to end; no library takes it for an error of its own."""


class Server:
    """Refreshes until it is told to stop."""

    def __init__(self, pace: Pace, say: Say) -> None:
        """Begin with nothing known: the first plan asks every model."""
        self.pace = pace
        self.say = say
        self.manifests = Manifests(dbt_project())
        self.planner = cycle.Planner(self.manifests)
        self.instance: dg.DagsterInstance | None = None
        self.read: str | None = None
        self.asked_again = True
        """Whether models may have news that no raw row tells of."""
        self.minute_at = self.clock_at = self.tidy_at = 0.0
        self.slow_at = 0.0
        self.parts: Iterator[cycle.Plan] | None = None
        self.is_warm = False
        self.told: Callable[[], bool] = lambda: False

    def run(self) -> None:
        """Serve; come back by itself when the database goes away for a while."""
        prepare_dagster()
        logging.getLogger().addHandler(logging.NullHandler())
        patience = 0.5
        with (
            _signals() as self.told,
            _noise_kept(),
            suppress(Stopped),
            held_between_runs(),
        ):
            while True:
                try:
                    self._serve()
                except (*LOST, UserError) as error:
                    self._heed()
                    self._lose(error)
                    time.sleep(patience)
                    patience = min(2 * patience, MOST_PATIENCE)
        self.say("stopped")

    def _lose(self, error: Exception) -> None:
        """Forget what hung on the lost connection."""
        reason = str(error).strip().splitlines()[0]
        self.say(f"lost the database ({reason[:120]}), trying again")
        self.parts = None
        self.asked_again = True
        job.given.plan = None
        if self.instance:
            instance, self.instance = self.instance, None
            instance.dispose()
        connections.resolve.cache_clear()

    def _serve(self) -> None:
        """Serve on one connection, which holds the place of the one at work."""
        with connections.connect(autocommit=True) as connection:
            connection.execute(news.PATIENT)
            ledger.ensure_refreshes(connection)
            self._stand_by(connection)
            connection.execute(f"listen {CHANNEL}")
            self.instance = dg.DagsterInstance.get()
            keep_connections(self.instance)
            sensors.end_killed_runs(self.instance)
            self.read = self.read or ledger.last_read(connection)
            self.say("at work")
            while True:
                self._turn(connection)
                self._heed()
                self._sleep(connection)

    def _heed(self) -> None:
        """End when a signal came whose exception got lost.

        Dagster takes signals for itself while a run goes, and Python drops what is
        raised while it collects garbage.
        """
        if self.told():
            raise Stopped

    def _stand_by(self, connection: psycopg.Connection) -> None:
        """Wait until no other serve is at work in this database."""
        said = False
        query = f"select pg_try_advisory_lock({state.LEADER})"
        while not connection.execute(query).fetchone()[0]:
            if not said:
                since = state.leader(connection)
                self.say(f"another serve is at work since {since}: standing by")
                said = True
            self._heed()
            time.sleep(STAND_BY_SECONDS)

    def _sleep(self, connection: psycopg.Connection) -> None:
        """Wait for news, but not past the next thing to do."""
        if self.parts or self.asked_again:
            return
        pace = self.pace
        due = [self.clock_at - time.monotonic(), pace.look_seconds]
        if pace.slow_seconds:
            due.append(self.slow_at - time.monotonic())
        # it may yield more than one: all that came meanwhile
        heard = list(connection.notifies(timeout=max(0.05, min(due)), stop_after=1))
        if heard:
            # a batch comes in many commits; and the pace is kept
            wait = max(SETTLE_SECONDS, self.minute_at - time.monotonic())
            time.sleep(min(wait, pace.look_seconds))

    def _turn(self, connection: psycopg.Connection) -> None:
        """Do what is due, one refresh at most of each lane."""
        now = time.monotonic()
        if now >= self.minute_at:
            self._minute(connection, clocks_run=now >= self.clock_at)
        if self.pace.slow_seconds and not self.parts and now >= self.slow_at:
            self.slow_at = now + self.pace.slow_seconds
            self.parts = self.planner.slow(connection)
        if self.parts:
            self._slow_part()
        if now >= self.tidy_at:
            self.tidy_at = now + TIDY_SECONDS
            ledger.forget(connection)
            job.forget_runs(self.instance, time.time())

    def _minute(self, connection: psycopg.Connection, *, clocks_run: bool) -> None:
        """Refresh by the minute when something is new or the clocks are due."""
        look = news.look(connection, self.planner.lanes, self.read)
        if not (look.arrivals or clocks_run or self.asked_again):
            return
        now = time.monotonic()
        plan = self.planner.minute(connection, look, clocks_run=clocks_run)
        self.asked_again = False
        if clocks_run:
            self.clock_at = now + self.pace.clock_seconds
        if plan is None:
            # a build from elsewhere has read it, or it is held for a while
            self.read = look.snapshot
            return
        self.minute_at = now + self.pace.minute_seconds
        if self._refresh(plan):
            self.read = look.snapshot
        if not self.is_warm:
            # dbt and Dagster have loaded what they need, and it stays
            gc.collect()
            gc.freeze()
            self.is_warm = True
        # what the clocks changed may touch models that were left out
        self.asked_again = clocks_run

    def _slow_part(self) -> None:
        """Refresh the next part of the slow lane; the minute lane goes in between."""
        plan = next(self.parts, None)
        if plan is None:
            self.parts = None
            return
        self._refresh(plan)
        # what it published may touch marts of the minute lane
        self.asked_again = True

    def _refresh(self, plan: cycle.Plan) -> bool:
        """Run a plan as a run of Dagster; say what came of it, and whether dbt ran."""
        job.given.manifests, job.given.plan, job.given.report = (
            self.manifests,
            plan,
            None,
        )
        try:
            result = job.live_refresh.execute_in_process(
                run_config={
                    "ops": {"refresh_lane": {"config": {"lane": plan.lane}}},
                    "loggers": QUIET,
                },
                instance=self.instance,
                tags={**sensors.process_tag(), "frontdesk/lane": plan.step},
                raise_on_error=False,
            )
        finally:
            job.given.plan = None
        self._heed()
        self._tell(plan, job.given.report, result)
        entry = job.given.report.entry
        return bool(entry.succeeded or job.given.report.failed)

    def _tell(
        self,
        plan: cycle.Plan,
        report: cycle.Report | None,
        result: dg.ExecuteInProcessResult,
    ) -> None:
        """Say how a refresh went; put what had not failed before into the outbox."""
        if report:
            self.say(state.sentence(report.entry, plan.step))
            fresh = self.planner.learn(plan, report)
            for failed in fresh:
                self.say(f"failed: {failed.name}: {failed.message[:300]}")
            if not fresh:
                return
        elif result.success:
            return
        reasons = sensors.failure_reasons(self.instance, result.run_id)
        if not report:
            raise psycopg.OperationalError(
                "; ".join(reasons) or "the run did not begin"
            )
        sensors.report_failure(
            self.instance, self.instance.get_run_by_id(result.run_id)
        )


@contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    """Turn the signals of a terminal and of a service manager into an end.

    Yields a function that says whether one came, whoever handled it.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        # what is half done is undone by Postgres
        raise Stopped

    def told() -> bool:
        with suppress(BlockingIOError):
            came.update(os.read(heard, 4096))
        return not ENDS.isdisjoint(came)

    came: set[int] = set()
    heard, hears = os.pipe()
    os.set_blocking(heard, False)
    os.set_blocking(hears, False)
    earlier = signal.set_wakeup_fd(hears, warn_on_full_buffer=False)
    before = {number: signal.signal(number, handle) for number in ENDS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(earlier)
        os.close(heard)
        os.close(hears)


@contextmanager
def _noise_kept() -> Iterator[None]:
    """Keep what libraries print of their troubles in a file."""
    log = settings().home / "logs" / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, redirect_stderr(file):
        yield
