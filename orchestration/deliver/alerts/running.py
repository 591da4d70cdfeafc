"""The engine process: woken by what lands, never idle for longer than five seconds.

One engine leads, by a lock that ends with its connection; others stand by. It writes on
the connection that holds the lock, so an engine that lost it cannot write either.
"""

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from orchestration.database import connections
from orchestration.deliver.alerts.engine import Engine, Evaluation
from orchestration.deliver.alerts.schema import CHANGED, LEADER, ensure_alerts
from orchestration.settings import UserError

log = logging.getLogger("frontdesk.alerts")

LIVE = "frontdesk_live"
LOOK_SECONDS = 5.0
LEAST_PAUSE = 0.25
STANDBY_SECONDS = 1.0
LONGEST_BACKOFF = 10.0
LIMITS = "set statement_timeout = '10s'; set lock_timeout = '2s'; set jit = off"
Say = Callable[[str], None]


class Ears:
    """Hears notifications on a connection of its own, in a thread of its own."""

    def __init__(self, address: str | None, channels: tuple[str, ...]) -> None:
        """Hear nothing yet."""
        self._address, self._channels = address, channels
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ears", daemon=True)

    def start(self) -> None:
        """Begin to hear."""
        self._thread.start()

    def stop(self) -> None:
        """Stop hearing."""
        self._stopped.set()
        self._heard.put("")
        self._thread.join(timeout=5)

    def wake(self) -> None:
        """Let whoever waits go on."""
        self._heard.put("")

    def wait(self, seconds: float) -> set[str]:
        """Return the channels that were heard, after `seconds` at the latest."""
        heard: set[str] = set()
        try:
            heard.add(self._heard.get(timeout=max(seconds, 0.001)))
            while True:
                heard.add(self._heard.get_nowait())
        except queue.Empty:
            return heard

    def _listen(self) -> None:
        wait = 0.1
        while not self._stopped.is_set():
            try:
                with connections.connect(self._address, autocommit=True) as conn:
                    for channel in self._channels:
                        conn.execute(f"listen {channel}")
                    wait = 0.1
                    while not self._stopped.is_set():
                        for notice in conn.notifies(timeout=1, stop_after=100):
                            self._heard.put(notice.channel)
            except (psycopg.Error, UserError) as error:
                log.warning("cannot listen: %s", _line(error))
                self._stopped.wait(wait)
                wait = min(wait * 2, LONGEST_BACKOFF)


class Runner:
    """Evaluates again and again, on the connection that holds the lead."""

    def __init__(
        self,
        address: str | None = None,
        say: Say = lambda _: None,
        seeds: Path | None = None,
    ) -> None:
        """Do nothing yet; `address` and `seeds` are others than the settings' own."""
        self.address, self.say, self.seeds = address, say, seeds
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.stopped = threading.Event()
        self.ears = Ears(address, (LIVE, CHANGED))
        self.evaluations = 0

    def stop(self, *_: object) -> None:
        """End after the evaluation that is under way."""
        self.stopped.set()
        self.ears.wake()

    def run(self) -> None:
        """Lead or stand by until stopped, whatever happens to the database."""
        self.ears.start()
        wait = 0.1
        try:
            while not self.stopped.is_set():
                began = time.monotonic()
                try:
                    self._session()
                except (psycopg.OperationalError, UserError) as error:
                    if time.monotonic() - began > LONGEST_BACKOFF:
                        wait = 0.1
                    self.say(f"the database went away ({_line(error)}): trying again")
                    self.stopped.wait(wait)
                    wait = min(wait * 2, LONGEST_BACKOFF)
        finally:
            self.ears.stop()

    def _session(self) -> None:
        """Take the lead on one connection and keep it as long as that lives."""
        with connections.connect(self.address, autocommit=True) as conn:
            conn.execute(LIMITS)
            ensure_alerts(conn)
            if not self._lead(conn):
                return
            self.say("the engine leads; it looks at every landing, and every 5 s")
            engine = Engine(self.name, self.seeds)
            while not self.stopped.is_set():
                began = time.monotonic()
                self._evaluate(engine, conn)
                spent = time.monotonic() - began
                # the pause comes first, so that what lands meanwhile is one look
                self.stopped.wait(max(LEAST_PAUSE - spent, 0))
                if CHANGED in self.ears.wait(LOOK_SECONDS - LEAST_PAUSE):
                    engine.forget()

    def _lead(self, conn: psycopg.Connection) -> bool:
        """Wait for the lead; say once that another has it."""
        is_said = False
        while not self.stopped.is_set():
            if conn.execute(LEADER).fetchone()[0]:
                return True
            if not is_said:
                self.say("another engine leads; this one stands by")
                is_said = True
            self.stopped.wait(STANDBY_SECONDS)
        return False

    def _evaluate(self, engine: Engine, conn: psycopg.Connection) -> None:
        try:
            done = engine.evaluate(conn, datetime.now(UTC))
        except psycopg.OperationalError as error:
            if conn.closed or conn.broken:
                raise
            # a lock or a slow answer: the next look is soon
            self.say(f"this look failed: {_line(error)}")
            return
        except psycopg.Error as error:
            self.say(f"this look failed: {_line(error)}")
            return
        self.evaluations += 1
        self._report(done)

    def _report(self, done: Evaluation) -> None:
        if done.notice_count:
            noun = "notice" if done.notice_count == 1 else "notices"
            self.say(
                f"{done.at:%H:%M:%S} {done.notice_count} {noun};"
                f" {done.open_count} incidents open"
            )


def _line(error: BaseException) -> str:
    """Return the first line of what an exception says."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
