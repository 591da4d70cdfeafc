"""What the ways in from message brokers share."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

import orjson

from orchestration.live.landing.events import (
    Event,
    content_hash,
    find_table,
    read_event,
)
from orchestration.live.landing.measures import Measures
from orchestration.live.landing.store import Stray
from orchestration.raw.rows import shorten

PREFIX = "frontdesk.events"
"""Subjects and topics are `<prefix>.<source>.<table>`."""
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0

log = logging.getLogger("frontdesk.landing")


class Way(Protocol):
    """One way in: takes from somewhere, and hands to a writer."""

    measures: Measures

    async def run(self) -> None:
        """Take until `stop`."""

    async def stop(self) -> None:
        """Take no more; what was taken is still being landed."""

    async def finish(self) -> None:
        """Acknowledge what has been committed since, and part."""


def place(subject: str, prefix: str) -> tuple[str, str] | None:
    """Return source and table that a subject or topic names; None when unknown."""
    if not subject.startswith(f"{prefix}."):
        return None
    source, _, table = subject.removeprefix(f"{prefix}.").partition(".")
    return (source, table) if find_table(source, table) else None


def read_message(
    subject: str,
    prefix: str,
    body: bytes,
    *,
    event_id: str | None,
    number: int,
    sent_at: float,
) -> list[Event] | Stray:
    """Return the events in one message, or the message that has no place here.

    A message is one event; an array is several, which bear no id of the message.
    """
    where = place(subject, prefix)
    if where is None:
        return stray(subject, body)
    if body.lstrip()[:1] == b"[":
        try:
            values = orjson.loads(body)
        except orjson.JSONDecodeError:
            values = body
        if isinstance(values, list):
            return [
                read_event(*where, value, number=number, sent_at=sent_at)
                for value in values
            ]
    return [read_event(*where, body, number=number, sent_at=sent_at, event_id=event_id)]


def stray(subject: str, body: bytes) -> Stray:
    """Return a message that names no table of ours, as it is kept."""
    return Stray(
        subject=subject,
        content=content_hash(body),
        reason="the subject names no table of a source",
        raw_text=shorten(body.decode("utf-8", "replace")),
    )


def without_password(address: str) -> str:
    """Return the address of a broker, fit for printing."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    host = parts.hostname or address
    return f"{host}:{parts.port}" if parts.port else host


async def keep_trying(
    session: Callable[[], Awaitable[None]],
    measures: Measures,
    is_over: Callable[[], bool],
) -> None:
    """Run a session; begin another, later and later, whenever it breaks."""
    pause = FIRST_PAUSE
    loop = asyncio.get_running_loop()
    while not is_over():
        began = loop.time()
        try:
            await session()
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            if measures.problems.get("broker") != said:
                log.warning("%s: the broker is away: %s", measures.way, said)
            measures.problems["broker"] = said
        if loop.time() - began > LONGEST_PAUSE:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LONGEST_PAUSE)
