"""The deliverers: workers that carry notices from the outbox to their receivers.

Every notice arrives at least once. A second can come only from an attempt whose end
nobody saw: a worker killed between the receiver's taking the message and the commit
that says so, or a receiver that took it and did not answer in time. Both attempts carry
one message_id, which webhooks and mail servers know a second by.
"""

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg

from orchestration.database import connections
from orchestration.deliver.alerts.leases import (
    CHANNEL,
    LEASE_SECONDS,
    Answer,
    Lease,
    finish,
    lease,
)
from orchestration.deliver.alerts.senders import SENDERS, Clients, Message
from orchestration.deliver.alerts.senders.base import Secrets, secrets_of
from orchestration.deliver.alerts.templates import Said, say
from orchestration.settings import UserError

log = logging.getLogger("frontdesk.alerts")

FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
SETTING_WAIT = 30.0
"""A route without an address is asked for again so often: somebody may set it."""
LOOK_SECONDS = 5.0
SHORT_LOOK = 0.25
FINISH_SECONDS = 20.0
PACES = {name: sender.pace for name, sender in SENDERS.items()}

NEXT_DUE = """
select
    extract(
        epoch from min(
            case
                when notices.state = 'sending' then notices.leased_until
                else greatest(notices.not_before, paces.paused_until)
            end
        ) - clock_timestamp()
    )::float8
from alerts.notifications as notices
left join alerts.paces as paces
    on notices.route = paces.route
where notices.state in ('waiting', 'sending')
"""


def wait_before(attempts: int, answer: Answer, draw: Callable[[], float]) -> float:
    """Return the seconds to the next attempt: doubling, scattered, as asked for.

    `draw` gives a number from 0 to 1; scatter keeps those who failed together from
    coming back together.
    """
    grown = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    scattered = grown * (0.5 + draw() / 2)
    if answer.wait is None:
        return scattered
    return max(scattered, answer.wait * (1 + draw() / 10))


def worded(held: Lease) -> Said:
    """Put a notice into words; a payload that cannot be is told in few."""
    try:
        return say(held.kind, held.payload, held.language, held.route)
    except Exception:
        # an alert in bad words is better than none
        log.exception("notice %s cannot be put into words", held.notification_id)
        rule = held.payload.get("rule")
        return say(held.kind, {"rule": rule}, held.language, held.route)


def attempt(
    held: Lease,
    clients: Clients,
    find: Callable[[str], Secrets] = secrets_of,
) -> Answer:
    """Send a leased notice once; say what came of it."""
    sender = SENDERS.get(held.sender)
    if sender is None:
        known = ", ".join(SENDERS)
        return Answer("permanent", f"no way of telling {held.sender}: one of {known}")
    try:
        secrets = find(held.route)
    except UserError as error:
        return Answer("passing", str(error), code="no address", wait=SETTING_WAIT)
    message = Message(
        said=worded(held),
        message_id=held.message_id,
        kind=held.kind,
        route=held.route,
        receiver=held.receiver,
        incident_id=held.incident_id,
        created_at=held.created_at,
        payload=held.payload,
    )
    began = time.monotonic()
    try:
        answer = sender.send(message, secrets, clients)
    except Exception as error:
        # a fault of ours: no trace of the message or its secrets goes into the ledger
        log.exception("sender %s failed", held.sender)
        answer = Answer(
            "passing", f"sender {held.sender} failed: {type(error).__name__}"
        )
    return replace(answer, seconds=round(time.monotonic() - began, 3))


def settle(
    conn: psycopg.Connection,
    held: Lease,
    answer: Answer,
    draw: Callable[[], float] = random.random,
) -> bool:
    """Write down what came of an attempt, with its waits."""
    wait = wait_before(held.attempts, answer, draw)
    # the route rests shorter than the notice: others try before it does again
    pause = answer.wait if answer.wait is not None else wait / 2
    is_ours = finish(conn, held, answer, retry_in=wait, pause=pause)
    log.info(
        "%s %s by %s to %s, attempt %s: %s%s",
        *(held.kind, held.payload.get("rule"), held.sender, held.route, held.attempts),
        *(answer.outcome, "" if answer.is_delivered else f" ({answer.text})"),
    )
    return is_ours


def deliver_one(
    conn: psycopg.Connection, clients: Clients, worker: str, only: int | None = None
) -> Answer | None:
    """Send the most urgent notice, if there is one; say what came of it."""
    held = lease(conn, worker, paces=PACES, only=only)
    if held is None:
        return None
    answer = attempt(held, clients)
    settle(conn, held, answer)
    return answer


class Deliverers:
    """Workers in threads of this process; other processes may have theirs."""

    def __init__(
        self,
        address: str | None = None,
        workers: int = 2,
        lease_seconds: float = LEASE_SECONDS,
        find: Callable[[str], Secrets] = secrets_of,
    ) -> None:
        """Start nothing yet; `address` is a database other than the settings' own."""
        self._address = address
        self._lease_seconds = lease_seconds
        self._find = find
        self._clients = Clients()
        self._stopped = threading.Event()
        self._news = threading.Condition()
        self._round = 0
        name = f"{socket.gethostname()}:{os.getpid()}"
        self._threads = [
            threading.Thread(
                target=self._work, args=[f"{name}:{n}"], name=f"deliverer {n}"
            )
            for n in range(1, workers + 1)
        ]
        self._threads.append(threading.Thread(target=self._listen, name="listener"))
        for thread in self._threads:
            thread.daemon = True

    def start(self) -> "Deliverers":
        """Start the workers; returns itself."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, timeout: float = 30) -> bool:
        """Let each worker end what it sends; say whether all did."""
        self._stopped.set()
        self._tell()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        self._clients.close()
        return not any(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> "Deliverers":
        """Start the workers."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the workers."""
        self.stop()

    def _tell(self) -> None:
        with self._news:
            self._round += 1
            self._news.notify_all()

    def _work(self, name: str) -> None:
        """Send notices until told to stop."""
        link = Link(self._address, self._stopped)
        seen = -1
        while not self._stopped.is_set():
            with self._news:
                seen = self._round
            held = link.run(self._lease, name)
            if held is not None:
                answer = attempt(held, self._clients, self._find)
                link.run(settle, held, answer, grace=FINISH_SECONDS)
                continue
            with self._news:
                if self._round == seen and not self._stopped.is_set():
                    self._news.wait(LOOK_SECONDS)
        link.close()

    def _lease(self, conn: psycopg.Connection, name: str) -> Lease | None:
        return lease(conn, name, paces=PACES, seconds=self._lease_seconds)

    def _listen(self) -> None:
        """Wake the workers when something is put in, or when something falls due."""
        link = Link(self._address, self._stopped)
        while not self._stopped.is_set():
            link.run(self._hear)
            self._tell()
        link.close()

    def _hear(self, conn: psycopg.Connection) -> None:
        conn.execute(f"listen {CHANNEL}")
        due = conn.execute(NEXT_DUE).fetchone()[0]
        wait = LOOK_SECONDS if due is None else min(max(due, SHORT_LOOK), LOOK_SECONDS)
        until = time.monotonic() + wait
        while not self._stopped.is_set():
            left = until - time.monotonic()
            if left <= 0:
                return
            # in short steps, so that a stop is heard
            if any(True for _ in conn.notifies(timeout=min(left, 1), stop_after=1)):
                return


class Link:
    """A connection that comes back after the database went away."""

    def __init__(self, address: str | None, stopped: threading.Event) -> None:
        """Open nothing yet."""
        self._address = address
        self._stopped = stopped
        self._conn: psycopg.Connection | None = None

    def run(
        self, work: Callable[..., Any], *arguments: object, grace: float = 0
    ) -> object:
        """Run work on the connection until the database lets it; None when stopped.

        `grace` is how long to go on trying after a stop: what was sent should be
        written down.
        """
        wait, until = 0.1, None
        while True:
            if self._stopped.is_set():
                until = until or time.monotonic() + grace
                if time.monotonic() > until:
                    return None
            try:
                if self._conn is None or self._conn.closed:
                    self._conn = connections.connect(self._address, autocommit=True)
                return work(self._conn, *arguments)
            except (
                psycopg.OperationalError,
                psycopg.InterfaceError,
                UserError,
            ) as error:
                log.warning("the database went away: %s", str(error).splitlines()[0])
                self.close()
            time.sleep(wait)
            wait = min(wait * 2, 5.0)

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
