"""What this second tells: feeds, the running hour, queues, agents, alerts.

The tables of the seconds path and of the alert engine may not be there; the wall says
so in their place.
"""

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

import psycopg

from orchestration.deliver.wall.moment import Moment
from orchestration.deliver.wall.queries import NOT_THERE, Row, ask

MOST_QUEUES = 14


async def feeds(connection: psycopg.AsyncConnection, present: Row) -> list[Row]:
    """Return what each feed says of itself."""
    if not present["has_feeds"]:
        return []
    return await _or_none(ask(connection, "feeds")) or []


async def sections(
    connection: psycopg.AsyncConnection, present: Row, moment: Moment
) -> dict[str, Any]:
    """Return the parts of the snapshot that are of this second; None: not there."""
    asked = moment.parameters
    found: dict[str, Any] = {
        "live_hour": None,
        "queues": None,
        "agents": None,
        "alerts": None,
    }
    if present["has_hours"]:
        found["live_hour"] = await _or_none(ask(connection, "live_hours", **asked))
    if present["has_queues"]:
        rows = await _or_none(ask(connection, "queues"))
        found["queues"] = None if rows is None else _queues(rows, moment.now)
    if present["has_agents"]:
        rows = await _or_none(ask(connection, "agents"))
        found["agents"] = None if rows is None else _agents(rows)
    if present["has_alerts"]:
        rows = await _or_none(ask(connection, "incidents", now=moment.now))
        if rows is not None:
            counts = await ask(connection, "incident_counts", now=moment.now)
            found["alerts"] = {"rows": rows, **counts[0]}
    return found


async def _or_none(asked: Awaitable[list[Row]]) -> list[Row] | None:
    """Return the rows, or nothing where the warehouse is older than the question."""
    try:
        return await asked
    except NOT_THERE:
        return None


def _queues(rows: list[Row], now: datetime) -> dict[str, Any]:
    """Return the queues, the longest wait first."""
    shown = [row for row in rows if row["waiting_count"] or row["in_progress_count"]]
    shown.sort(
        key=lambda row: (
            row["waiting_since"] or now,
            -(row["in_progress_count"] or 0),
            row["channel"],
            row["queue_name"] or "",
        )
    )
    return {
        "waiting": sum(row["waiting_count"] or 0 for row in rows),
        "in_progress": sum(row["in_progress_count"] or 0 for row in rows),
        "waiting_since": min(
            (row["waiting_since"] for row in rows if row["waiting_since"]), default=None
        ),
        "rows": shown[:MOST_QUEUES],
        "more": max(0, len(shown) - MOST_QUEUES),
    }


def _agents(rows: list[Row]) -> dict[str, Any]:
    """Return how many agents are available, busy and away."""
    told = [row["agents"] for row in rows]
    names = ("available_count", "busy_count", "away_count")
    return {name: sum(row.get(name) or 0 for row in told) for name in names}
