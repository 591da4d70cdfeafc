"""One poller for all viewers: asks the database, judges freshness, publishes.

It wakes when the seconds path says so, and otherwise every few seconds. The marts are
read again only when they changed or the hour did. A database that is away is asked
again and again; the wall says meanwhile how old it is.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from orchestration.deliver.wall import freshness, live, marts
from orchestration.deliver.wall.clock import Clock
from orchestration.deliver.wall.freshness import Known, Limits
from orchestration.deliver.wall.hub import Hub
from orchestration.deliver.wall.moment import Moment, whole_hour
from orchestration.deliver.wall.queries import NOT_THERE, Row, ask

log = logging.getLogger(__name__)
CHANNEL = "frontdesk_live"
SHORTEST = 0.5
"""Seconds between two snapshots, however often something lands."""
MARTS_SECONDS = 60
RETRY_SECONDS = 10
"""Marts that did not answer in time are left alone for so long."""
TICK_SECONDS = 12
"""A database that answers nothing for so long is away."""
LONGEST_PAUSE = 2.0
EMPTY = {"changed_xid": None, "known_at": None, "landed_at": None, "built_at": None}


@dataclass
class Poller:
    """Reads the database and fills the hub."""

    address: str
    hub: Hub
    zone: str
    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=Limits)
    every: float = 2.0
    _marts: dict[str, Any] = field(default_factory=dict, init=False)
    _marts_key: object = field(default=None, init=False)
    _marts_asked: float = field(default=-1e9, init=False)
    _marts_failed: bool = field(default=False, init=False)
    _read_at: datetime | None = field(default=None, init=False)
    _number: int = field(default=0, init=False)
    reasons: list[dict[str, Any]] = field(default_factory=list, init=False)
    shown_at: datetime | None = field(default=None, init=False)

    async def run(self) -> None:
        """Poll for ever; whatever goes wrong is said and tried again."""
        pause = 0.1
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    while True:
                        async with asyncio.timeout(TICK_SECONDS):
                            await self.tick(connection)
                        pause = 0.1
                        await self._until_woken(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("no snapshot: %s", type(error).__name__)
                self.hub.complain("database")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connect(self) -> psycopg.AsyncConnection:
        """Open the poller's connection; a silent network is noticed."""
        return await psycopg.AsyncConnection.connect(
            self.address,
            autocommit=True,
            connect_timeout=5,
            application_name="frontdesk wall",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=2,
            tcp_user_timeout=10_000,
            prepare_threshold=3,
        )

    async def _until_woken(self, connection: psycopg.AsyncConnection) -> None:
        """Wait until something landed, or until it is time anyway."""
        await asyncio.sleep(min(SHORTEST, self.every))
        left = self.every - SHORTEST
        if left > 0:
            woken = connection.notifies(timeout=left, stop_after=1)
            async with contextlib.aclosing(woken):
                async for _ in woken:
                    pass

    async def tick(self, connection: psycopg.AsyncConnection) -> None:
        """Take one snapshot and publish it."""
        started = time.perf_counter()
        server_at = (await ask(connection, "clock"))[0]["server_at"]
        now = self.clock.now(server_at)
        present = (await ask(connection, "present"))[0]
        feeds = await live.feeds(connection, present)
        marks = await self._marks(connection, present, now)
        # the whole hours are those of the marts; what runs is told by whoever knows
        until = whole_hour(min(now, marks["known_at"] or now), self.zone)
        moment = Moment(now, until, self.zone)
        await self._read_marts(connection, present, marks, moment)
        seconds = await live.sections(connection, present, moment)
        known = Known(
            now=now,
            server_at=server_at,
            is_shifted=self.clock.is_shifted,
            known_at=freshness.known_at(marks["known_at"], feeds, now),
            landed_at=freshness.newest(
                marks["landed_at"], *(feed["last_landed_at"] for feed in feeds)
            ),
            built_at=marks["built_at"],
            read_at=self._read_at,
        )
        self.reasons = freshness.expiries(known, feeds, self.limits)
        self.shown_at = now
        self._number += 1
        self.hub.publish(
            {
                "number": self._number,
                "at": now,
                "query_seconds": round(time.perf_counter() - started, 4),
                "is_shifted": self.clock.is_shifted,
                "zone": self.zone,
                "until": until,
                "known_at": known.known_at,
                "built_at": known.built_at,
                "expires": self.reasons,
                "snapshot_seconds": freshness.SNAPSHOT_SECONDS,
                "has_marts": present["has_marts"],
                "marts": self._marts or None,
                **seconds,
            }
        )

    async def _marks(
        self, connection: psycopg.AsyncConnection, present: Row, now: datetime
    ) -> Row:
        """Return the watermarks of the marts."""
        if not present["has_marts"]:
            return EMPTY
        try:
            return (await ask(connection, "marks", now=now))[0]
        except NOT_THERE:
            # half a build: the rest comes with its next step
            return EMPTY

    async def _read_marts(
        self,
        connection: psycopg.AsyncConnection,
        present: Row,
        marks: Row,
        moment: Moment,
    ) -> None:
        """Read the marts when they are not what they were; keep them when too slow."""
        if not present["has_marts"]:
            return
        key = (marks["changed_xid"], marks["built_at"], moment.until)
        since = time.monotonic() - self._marts_asked
        if key == self._marts_key and since < MARTS_SECONDS:
            self._read_at = moment.now
            return
        if self._marts_failed and since < RETRY_SECONDS:
            return
        self._marts_asked, self._marts_failed = time.monotonic(), True
        try:
            self._marts = await marts.sections(
                connection, moment, present["has_targets"]
            )
        except psycopg.errors.QueryCanceled:
            log.warning("the marts did not answer in time")
            return
        except NOT_THERE as error:
            log.warning("a mart is missing: %s", error.diag.message_primary)
            return
        self._marts_key, self._marts_failed = key, False
        self._read_at = moment.now

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether the wall may be believed, and what there is to say."""
        age = self.hub.age()
        told: list[str] = []
        if age is None or self.shown_at is None:
            told.append("no snapshot yet")
        else:
            if age > freshness.SNAPSHOT_SECONDS:
                told.append("no snapshot lately")
            now = self.shown_at + timedelta(seconds=age)
            told += [
                f"{one['reason']} {one['name'] or ''}".strip()
                for one in freshness.stale(self.reasons, now)
            ]
        return not told, {
            "status": "stale" if told else "ok",
            "reasons": told,
            "snapshot_age_seconds": None if age is None else round(age, 1),
            "viewers": len(self.hub.viewers),
            "database": self.hub.trouble is None,
        }
