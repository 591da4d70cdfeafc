"""What the marts tell: tiles, scorecard, hours, the week's profile, promises at risk.

Windows are whole hours and whole days that the marts know, so that nothing half-counted
is set beside something whole. Parts are added up first and divided last.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import psycopg

from orchestration.deliver.wall import charts, figures
from orchestration.deliver.wall.charts import WEEK, channel_goal
from orchestration.deliver.wall.figures import Target, change, share, state_of, total
from orchestration.deliver.wall.moment import Moment
from orchestration.deliver.wall.queries import Row, ask

MOST_EXACT = 400_000
"""Up to so many responses the median is that of the contacts, above the histogram's."""
DAY = timedelta(hours=24)


async def sections(
    connection: psycopg.AsyncConnection, moment: Moment, has_targets: bool
) -> dict[str, Any]:
    """Return every part of the snapshot that comes from the marts."""
    asked = moment.parameters
    channels = {row["channel"]: row for row in await ask(connection, "channels")}
    rows = await ask(connection, "targets") if has_targets else []
    targets = {
        row["metric"]: Target(
            float(row["target_value"]),
            float(row["warning_value"]),
            row["direction"] == "lower",
        )
        for row in rows
    }
    hours = await ask(connection, "hours", **asked)
    tales = {
        name: await ask(connection, name, **asked)
        for name in ("fcr", "csat", "promises")
    }
    medians = await _medians(connection, moment, hours)
    order = _order(channels, hours, moment)
    return {
        "tiles": _tiles(moment, hours, medians, tales, channels, targets),
        "scorecard": [
            _scores(channels[name], moment, hours, medians, tales, targets)
            for name in order
        ],
        "hours": charts.volume(moment, hours, order, channels),
        "on_time": charts.on_time(moment, hours, order, channels),
        "current": await ask(connection, "current_hour", **asked),
        "profile": charts.profile(await ask(connection, "profile", **asked)),
        "at_risk": await ask(connection, "at_risk", **asked),
        "at_risk_counts": (await ask(connection, "at_risk_counts"))[0],
    }


def _day(hours: list[Row], moment: Moment, before: timedelta) -> list[Row]:
    """Return the rows of the 24 hours that end so long before the newest whole hour."""
    end = moment.until - before
    return [row for row in hours if end - DAY <= row["hour_started_at"] < end]


def _order(channels: dict[str, Row], hours: list[Row], moment: Moment) -> list[str]:
    """Return the channels with contacts in the chart, the day's busiest first."""
    since = moment.until - timedelta(hours=charts.CHART_HOURS)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in hours:
        if row["channel"] in channels and row["hour_started_at"] >= since:
            counts[row["channel"]][0] += row["offered_count"]
            if row["hour_started_at"] >= moment.until - DAY:
                counts[row["channel"]][1] += row["offered_count"]
    busy = (name for name, (shown, _) in counts.items() if shown)
    return sorted(busy, key=lambda name: (-counts[name][1], -counts[name][0], name))


async def _medians(
    connection: psycopg.AsyncConnection, moment: Moment, hours: list[Row]
) -> dict[tuple[str | None, bool], tuple[float | None, int, bool]]:
    """Return median, n and whether it is an estimate, by channel and by week."""
    days = {True: _day(hours, moment, timedelta()), False: _day(hours, moment, WEEK)}
    known = sum(row["first_response_count"] for rows in days.values() for row in rows)
    if known <= MOST_EXACT:
        found = await ask(connection, "medians", **moment.parameters)
        return {
            (row["channel"], row["is_current"]): (
                float(row["median_seconds"])
                if row["response_count"] >= figures.FEWEST
                else None,
                row["response_count"],
                False,
            )
            for row in found
        }
    told = {}
    for is_current, rows in days.items():
        for channel in (None, *{row["channel"] for row in rows}):
            mine = [row for row in rows if channel in (None, row["channel"])]
            counts = [
                sum(row["first_response_counts"][n] for row in mine)
                for n in range(len(figures.EDGES))
            ]
            whole = sum(row["first_response_count"] for row in mine)
            median = figures.median_between_edges(counts, whole)
            told[channel, is_current] = (median, whole, True)
    return told


def _goal(rows: Iterable[Row], channels: dict[str, Row]) -> Target | None:
    """Return the service level that these contacts were promised, by their mixture."""
    due = wanted = 0.0
    for row in rows:
        rate = channels.get(row["channel"], {}).get("target_rate")
        if row["due_count"] and rate is not None:
            due += float(row["due_count"])
            wanted += float(row["due_count"]) * float(rate)
    if not due:
        return None
    return Target(round(wanted / due, 4), round(wanted / due - figures.NEAR, 4))


def _tile(
    name: str,
    value: float | None,
    before: float | None,
    count: int | None,
    kind: str = "points",
    target: Target | None = None,
    **more: object,
) -> dict[str, Any]:
    """Return one tile."""
    return {
        "name": name,
        "value": value,
        "change": change(value, before, kind),
        "change_kind": kind,
        "count": count,
        "target": target.value if target else None,
        "lower_is_better": target.lower_is_better if target else None,
        "state": state_of(value, target),
        **more,
    }


def _rate_tile(
    name: str, metric: str, rows: list[Row], targets: dict[str, Target], **more: object
) -> dict[str, Any]:
    """Return the tile of a share that is told by days."""
    parts = {}
    for current in (True, False):
        mine = [row for row in rows if row["is_current"] is current]
        parts[current] = (total(mine, "good_count"), total(mine, "known_count"))
    return _tile(
        name,
        share(*parts[True]),
        share(*parts[False]),
        parts[True][1] or 0,
        target=targets.get(metric),
        **more,
    )


def _tiles(
    moment: Moment,
    hours: list[Row],
    medians: dict,
    tales: dict[str, list[Row]],
    channels: dict[str, Row],
    targets: dict[str, Target],
) -> list[dict[str, Any]]:
    """Return the tiles in their order."""
    today = _day(hours, moment, timedelta())
    before = _day(hours, moment, WEEK)
    offered, offered_before = (
        total(rows, "offered_count") or 0 for rows in (today, before)
    )
    rates = {
        name: [share(total(rows, part), total(rows, whole)) for rows in (today, before)]
        for name, part, whole in (
            ("on_time", "on_time_count", "due_count"),
            ("abandonment", "abandoned_count", "abandonable_count"),
        )
    }
    nothing = (None, 0, False)
    median, responses, estimated = medians.get((None, True), nothing)
    scores = [row for row in tales["csat"] if row["is_current"]]
    answers = total(scores, "known_count") or 0
    mean = share(total(scores, "score_sum"), answers)
    return [
        _tile("contacts", offered, offered_before, offered, "ratio"),
        _tile(
            "on_time",
            *rates["on_time"],
            total(today, "due_count") or 0,
            target=_goal(today, channels),
        ),
        _tile(
            "first_response",
            median,
            medians.get((None, False), nothing)[0],
            responses,
            "ratio",
            targets.get("median_first_response_seconds"),
            is_estimate=estimated,
        ),
        _tile(
            "abandonment",
            *rates["abandonment"],
            total(today, "abandonable_count") or 0,
            target=targets.get("abandonment_rate"),
        ),
        _rate_tile("promises", "sla_met_rate", tales["promises"], targets),
        _rate_tile("fcr", "fcr_7d_rate", tales["fcr"], targets),
        _rate_tile("csat", "csat_rate", tales["csat"], targets, mean=mean),
    ]


def _scores(
    channel: Row,
    moment: Moment,
    hours: list[Row],
    medians: dict,
    tales: dict[str, list[Row]],
    targets: dict[str, Target],
) -> dict[str, Any]:
    """Return one channel's line of the scorecard."""
    name = channel["channel"]
    rows = [row for row in _day(hours, moment, timedelta()) if row["channel"] == name]
    tell = {
        tale: [row for row in found if row.get("channel") == name and row["is_current"]]
        for tale, found in tales.items()
    }
    goal = channel_goal(channel)
    on_time = share(total(rows, "on_time_count"), total(rows, "due_count"))
    abandoned = share(total(rows, "abandoned_count"), total(rows, "abandonable_count"))
    median, responses, _ = medians.get((name, True), (None, 0, False))
    limit = channel["target_seconds"]
    rates = {
        tale: (
            share(total(tell[tale], "good_count"), total(tell[tale], "known_count")),
            total(tell[tale], "known_count") or 0,
        )
        for tale in ("fcr", "csat")
    }
    return {
        "channel": name,
        "channel_name": channel["channel_name"],
        "channel_kind": channel["channel_kind"],
        "contacts": _cell(total(rows, "offered_count") or 0, None, None),
        "on_time": _cell(on_time, total(rows, "due_count"), goal),
        "first_response": _cell(
            median,
            responses,
            Target(float(limit), 2.0 * limit, True) if limit else None,
        ),
        "abandonment": _cell(
            abandoned,
            total(rows, "abandonable_count"),
            targets.get("abandonment_rate"),
        ),
        "fcr": _cell(*rates["fcr"], targets.get("fcr_7d_rate")),
        "csat": _cell(*rates["csat"], targets.get("csat_rate")),
    }


def _cell(
    value: float | None, count: int | None, target: Target | None
) -> dict[str, Any]:
    """Return one figure of the scorecard; a count of none means that nothing can be."""
    return {
        "value": value,
        "count": count,
        "state": state_of(value, target),
        "target": target.value if target else None,
    }
