"""When what the wall shows stops being true, computed from the server's moments.

Each reason is sent with the moment at which it sets in, so that a page that hears
nothing more still knows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orchestration.deliver.wall.queries import Row

SNAPSHOT_SECONDS = 20
"""Without a snapshot for so long the wall is stale."""
MARTS_READ_SECONDS = 180
"""The marts are read at least every minute; a question that fails thrice shows."""


@dataclass(frozen=True)
class Limits:
    """How old is too old."""

    data_seconds: int = 3600
    """Newest event, where no feed states a limit of its own."""
    marts_seconds: int = 300
    """Landed but not built."""


@dataclass(frozen=True)
class Known:
    """The moments by which freshness is judged."""

    now: datetime
    server_at: datetime
    is_shifted: bool
    known_at: datetime | None
    landed_at: datetime | None
    built_at: datetime | None
    read_at: datetime | None
    """When the marts were last read, by the wall's clock."""


def newest(*moments: datetime | None) -> datetime | None:
    """Return the newest of the moments that are known."""
    return max((moment for moment in moments if moment), default=None)


def known_at(
    marts_know: datetime | None, feeds: list[Row], now: datetime
) -> datetime | None:
    """Return the newest moment of which anything tells; what lies ahead does not."""
    heard = (feed["last_event_at"] for feed in feeds)
    return newest(marts_know, *(moment for moment in heard if moment and moment <= now))


def expiries(known: Known, feeds: list[Row], limits: Limits) -> list[dict[str, Any]]:
    """Return the reasons to call the wall stale, each with when it sets in."""
    # what never sent anything is not connected, rather than silent
    found = [
        _feed(feed, known)
        for feed in feeds
        if feed["limit_seconds"] and feed["last_landed_at"]
    ]
    if not found:
        found = [_of("data", None, known.known_at, limits.data_seconds, known)]
    # rows may land every second and tell of yesterday
    lag = timedelta(seconds=limits.data_seconds)
    is_late = known.landed_at and known.known_at and not known.is_shifted
    if is_late and known.landed_at - known.known_at > lag:
        found.append(_of("late", None, known.known_at, limits.data_seconds, known))
    if known.read_at:
        found.append(_of("reading", None, known.read_at, MARTS_READ_SECONDS, known))
    # an idle night needs no build: what is landed and not built does
    unbuilt = known.landed_at and known.built_at and known.landed_at > known.built_at
    if unbuilt and not known.is_shifted:
        found.append(_of("marts", None, known.built_at, limits.marts_seconds, known))
    return sorted(found, key=lambda one: one["at"])


def _of(
    reason: str, name: str | None, since: datetime | None, limit: int, known: Known
) -> dict[str, Any]:
    """Return one reason; of what was never heard the time is up."""
    at = since + timedelta(seconds=limit) if since else known.now
    return {"reason": reason, "name": name, "since": since, "at": at}


def _feed(feed: Row, known: Known) -> dict[str, Any]:
    """Return the reason that one feed may become.

    The feed's own judgement holds by the true clock; it cannot know of another.
    """
    name = f"{feed['source_name']}.{feed['table_name']}"
    moment = "last_event_at" if known.is_shifted else "last_landed_at"
    told = _of("feed", name, feed[moment], feed["limit_seconds"], known)
    if known.is_shifted:
        return told
    if feed["is_stale"]:
        return {**told, "at": min(told["at"], known.now)}
    patience = timedelta(seconds=SNAPSHOT_SECONDS)
    return {**told, "at": max(told["at"], known.now + patience)}


def stale(reasons: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Return the reasons that have set in."""
    return [one for one in reasons if one["at"] <= now]
