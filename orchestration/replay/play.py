"""Sends a replay at its pace, over HTTP or NATS."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import httpx
import orjson

from orchestration.live.landing import signing
from orchestration.live.landing.brokers import PREFIX
from orchestration.replay.world import DAY, Group, Version, last_day, versions
from orchestration.settings import Broker, Settings, UserError

TICK_SECONDS = 0.05
MOST_PER_REQUEST = 200
TIMEOUT_SECONDS = 20.0
PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    """What to play how fast."""

    world: Path
    speed: float = 1.0
    hours: float = 24.0
    days: int = 1
    """So many of the last days are laid over each other: more traffic, same hours."""
    tag: str = ""
    """Ends every id; made from the clock when left out."""


@dataclass(frozen=True)
class Due:
    """One event and when it is to be sent, in seconds of the clock."""

    at: float
    version: Version


class Sender(Protocol):
    """Where events go."""

    async def open(self) -> None:
        """Connect."""

    async def send(self, found: Sequence[Version]) -> Counter[str]:
        """Send until it is taken; return what became of the events."""

    async def close(self) -> None:
        """Part."""


def timetable(groups: Sequence[Group], plan: Plan, now: datetime) -> list[Due]:
    """Return what is sent when, in order.

    Times are moved by whole days where the speed is 1, so that the hours of the day
    stay. A faster replay begins in the past and reaches the present as it ends: no
    event ever lies ahead of the clock, and waits and talks keep their lengths.
    """
    span = timedelta(hours=plan.hours)
    start = now - span + span / plan.speed
    tag = plan.tag or f"r{int(now.timestamp()):x}"
    due = [
        Due(
            max(now.timestamp(), _when(version.moment, start, now, plan.speed)), version
        )
        for back in range(plan.days)
        for group, shift in _placed(groups, back, start)
        for version in versions(group, shift, f"{tag}{back or ''}")
        if version.moment < start + span
    ]
    return sorted(due, key=lambda one: (one.at, one.version.moment))


def _when(moment: datetime, start: datetime, now: datetime, speed: float) -> float:
    """Return when an event is sent; at once where it lies before the start."""
    return now.timestamp() + max(0.0, (moment - start).total_seconds() / speed)


def _placed(
    groups: Sequence[Group], back: int, start: datetime
) -> Iterable[tuple[Group, timedelta]]:
    """Yield each group of a day with its move, so that the day begins at `start`.

    The day is turned like a clock: what had ended before the hour of the start comes
    at its end. What was under way at that hour is under way at the start.
    """
    begin, end = last_day(list(groups), back)
    turned = begin + (start - begin) % DAY
    shift = start - turned
    for group in groups:
        if begin <= group.first < end:
            yield group, shift if group.last >= turned else shift + DAY


@dataclass
class HttpSender:
    """Signs and posts, a table at a time."""

    settings: Settings
    address: str
    client: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, trust_env=False
        )
    )

    async def open(self) -> None:
        """Nothing to do: connections are made when needed."""

    async def send(self, found: Sequence[Version]) -> Counter[str]:
        """Post the events of each table until they are taken."""
        tables: dict[tuple[str, str], list[bytes]] = {}
        for one in found:
            tables.setdefault((one.source, one.table), []).append(envelope(one))
        posts = [
            self._post(*where, bodies[first : first + MOST_PER_REQUEST])
            for where, bodies in tables.items()
            for first in range(0, len(bodies), MOST_PER_REQUEST)
        ]
        return sum(await asyncio.gather(*posts), Counter())

    async def _post(self, source: str, table: str, bodies: list[bytes]) -> Counter[str]:
        body = b"[" + b",".join(bodies) + b"]"
        secret = signing.read_secrets(self.settings, source)[0]
        url = f"{self.address.rstrip('/')}/events/{source}/{table}"
        while True:
            try:
                answer = await self.client.post(
                    url, content=body, headers=signing.headers(secret, body)
                )
            except httpx.TransportError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code == 202:
                return Counter(orjson.loads(answer.content))
            if answer.status_code not in (429, 503):
                raise UserError(f"{url} answers {answer.status_code}: {answer.text}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()


@dataclass
class NatsSender:
    """Publishes to JetStream, each event until the broker says that it has it."""

    address: Broker

    async def open(self) -> None:
        """Connect."""
        import nats

        self._client = await nats.connect(
            self.address.address,
            user=self.address.user,
            password=self.address.password,
            name="frontdesk replay",
            max_reconnect_attempts=-1,
        )
        self._stream = self._client.jetstream()

    async def send(self, found: Sequence[Version]) -> Counter[str]:
        """Publish the events in their order."""
        for one in found:
            await self._publish(f"{PREFIX}.{one.source}.{one.table}", envelope(one))
        return Counter({"published": len(found)})

    async def _publish(self, subject: str, body: bytes) -> None:
        import nats.errors
        import nats.js.errors

        while True:
            try:
                await self._stream.publish(subject, body, timeout=5)
                return
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError):
                await asyncio.sleep(PAUSE_SECONDS)

    async def close(self) -> None:
        """Part."""
        await self._client.close()


def envelope(one: Version) -> bytes:
    """Return an event as it travels."""
    sent = datetime.now(UTC).isoformat()
    return orjson.dumps(
        {"id": one.event_id, "time": sent, "data": one.row},
        default=str,
    )


async def play(
    due: Sequence[Due],
    sender: Sender,
    tell: Callable[[int, Counter[str]], None],
    clock: Callable[[], float] = time.time,
) -> Counter[str]:
    """Send each event at its time; return what became of them."""
    fates: Counter[str] = Counter()
    await sender.open()
    try:
        place = 0
        while place < len(due):
            now, first = clock(), place
            while (
                place < len(due)
                and due[place].at <= now
                and place - first < MOST_PER_REQUEST * 5
            ):
                place += 1
            if place > first:
                fates += await sender.send([one.version for one in due[first:place]])
                tell(place, fates)
            else:
                pause = min(due[place].at - now, 1.0)
                await asyncio.sleep(max(pause, TICK_SECONDS))
    finally:
        await sender.close()
    return fates
