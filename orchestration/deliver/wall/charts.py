"""What the charts show: contacts and service levels by hour, the week's profile."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from orchestration.deliver.wall import figures
from orchestration.deliver.wall.figures import Target, share, state_of
from orchestration.deliver.wall.moment import Moment
from orchestration.deliver.wall.queries import Row

CHART_HOURS = 36
WEEK = timedelta(days=7)
ROLLING = (1, 3, 6)
"""Hours that a point of the line on time looks back; as few as have enough contacts."""


def channel_goal(channel: Row) -> Target | None:
    """Return the service level that a channel promises."""
    if channel["target_rate"] is None:
        return None
    goal = float(channel["target_rate"])
    return Target(goal, round(goal - figures.NEAR, 4))


def _by_hour(rows: Iterable[Row], part: str) -> dict[tuple[str, datetime], int]:
    """Return one part by channel and hour."""
    return {
        (row["channel"], row["hour_started_at"]): int(row[part])
        for row in rows
        if row[part] is not None
    }


def _axis(moment: Moment) -> list[datetime]:
    """Return the starts of the charts' hours."""
    start = moment.until - timedelta(hours=CHART_HOURS)
    return [start + timedelta(hours=n) for n in range(CHART_HOURS)]


def volume(
    moment: Moment, hours: list[Row], order: list[str], channels: dict[str, Row]
) -> dict[str, Any]:
    """Return contacts per hour and channel, and all of a week before."""
    offered = _by_hour(hours, "offered_count")
    axis = _axis(moment)
    # one hour more: the running hour of a week ago
    earlier = [at - WEEK for at in [*axis, moment.until]]
    return {
        "starts": axis,
        "channels": [
            {
                "channel": name,
                "channel_name": channels[name]["channel_name"],
                "counts": [offered.get((name, at), 0) for at in axis],
            }
            for name in order
        ],
        "week_before": [
            sum(offered.get((name, at), 0) for name in channels) for at in earlier
        ],
    }


def on_time(
    moment: Moment, hours: list[Row], order: list[str], channels: dict[str, Row]
) -> dict[str, Any]:
    """Return the service level of every channel by hour, each beside its target."""
    kept, due = _by_hour(hours, "on_time_count"), _by_hour(hours, "due_count")
    axis = _axis(moment)
    promised = [
        name
        for name in order
        if any((name, at) in due for at in axis)
        and channels[name]["target_rate"] is not None
    ]
    looks_back = _rolling(axis, promised, due)
    lines = []
    for name in promised:
        points = []
        for n in range(len(axis)):
            window = axis[max(0, n - looks_back + 1) : n + 1]
            whole = sum(due.get((name, at), 0) for at in window)
            part = sum(kept.get((name, at), 0) for at in window)
            points.append([share(part, whole, figures.FEWEST_OF_POINT), whole])
        day = axis[-24:]
        rate = share(
            sum(kept.get((name, at), 0) for at in day),
            sum(due.get((name, at), 0) for at in day),
        )
        goal = channel_goal(channels[name])
        lines.append(
            {
                "channel": name,
                "channel_name": channels[name]["channel_name"],
                "target": goal.value,
                "target_seconds": channels[name]["target_seconds"],
                "points": points,
                "value": rate,
                "state": state_of(rate, goal),
            }
        )
    return {"starts": axis, "hours": looks_back, "lines": lines}


def _rolling(
    axis: list[datetime], names: list[str], due: dict[tuple[str, datetime], int]
) -> int:
    """Return over how many hours a point must look for most of them to be told."""
    for hours in ROLLING:
        enough = [
            sum(due.get((name, at), 0) for at in axis[n - hours + 1 : n + 1])
            >= figures.FEWEST_OF_POINT
            for name in names
            for n in range(hours - 1, len(axis))
        ]
        if enough and sum(enough) >= 0.6 * len(enough):
            return hours
    return ROLLING[-1]


def profile(rows: list[Row]) -> dict[str, Any]:
    """Return the mean contacts of every hour of the week; seven rows of 24."""
    cells: list[list[float | None]] = [[None] * 24 for _ in range(7)]
    for row in rows:
        cells[row["week_day"] - 1] = [
            value or 0 for value in cells[row["week_day"] - 1]
        ]
    for row in rows:
        cells[row["week_day"] - 1][row["hour_of_day"]] = float(row["mean_count"])
    return {
        "cells": cells,
        "weeks": max((row["day_count"] for row in rows), default=0),
    }
