"""Why a rule did or did not fire at a moment, with what was seen around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from orchestration.settings import UserError

SAMPLES_SHOWN = 12

VERSION = """
select version, definition, valid_from
from alerts.rule_versions
where rule_name = %(rule)s and valid_from <= %(at)s
order by version desc
limit 1
"""
LOOKED = """
select began_at, last_at, engine
from alerts.evaluations
where began_at <= %(at)s
order by began_at desc
limit 1
"""
SERIES = """
select
    series.series_id, series.labels, last.seen_at, last.verdict, last.state, last.value,
    last.sample_count, last.reason, turn.seen_at as since
from alerts.series as series
left join lateral (
    select *
    from alerts.samples as samples
    where samples.series_id = series.series_id and samples.seen_at <= %(at)s
    order by samples.seen_at desc
    limit 1
) as last on true
left join lateral (
    -- the first sample of the state it is in
    select min(samples.seen_at) as seen_at
    from alerts.samples as samples
    where
        samples.series_id = series.series_id
        and samples.seen_at <= %(at)s
        and samples.seen_at > coalesce(
            (
                select max(former.seen_at)
                from alerts.samples as former
                where
                    former.series_id = series.series_id
                    and former.seen_at <= %(at)s
                    and former.state <> last.state
            ),
            '-infinity'
        )
) as turn on true
where series.rule_name = %(rule)s and series.labels @> %(labels)s
order by
    array_position(
        array['firing', 'error', 'recovering', 'pending', 'no_data', 'normal'],
        last.state
    ),
    series.labels::text
"""
AROUND = """
select seen_at, verdict, state, value, sample_count, reason
from (
    (
        select * from alerts.samples
        where series_id = %(series)s and seen_at <= %(at)s
        order by seen_at desc limit %(count)s
    )
    union all
    (
        select * from alerts.samples
        where series_id = %(series)s and seen_at > %(at)s
        order by seen_at asc limit 3
    )
) as around
order by seen_at
"""
INCIDENTS = """
select
    incidents.incident_id, incidents.cause, incidents.labels, incidents.opened_at,
    incidents.resolved_at, incidents.is_told, incidents.told_at, incidents.muted_reason,
    incidents.acknowledged_by, incidents.resolved_reason
from alerts.incidents as incidents
where
    incidents.rule_name = %(rule)s
    and incidents.opened_at <= %(at)s
    and (incidents.resolved_at is null or incidents.resolved_at >= %(at)s)
    and (
        %(series)s::bigint is null
        or incidents.cause <> 'limit'
        or exists (
            select 1
            from alerts.incident_series as members
            where
                members.incident_id = incidents.incident_id
                and members.series_id = %(series)s
                and members.joined_at <= %(at)s
        )
    )
order by incidents.incident_id
"""
NOTICES = """
select notification_id, kind, route, created_at, state, state_reason, attempts,
    finished_at
from alerts.notifications
where incident_id = %(incident)s
order by notification_id
"""
SILENCED = """
select silence_id, author, reason, ends_at
from alerts.silences
where
    starts_at <= %(at)s
    and coalesce(ended_at, ends_at) > %(at)s
    and (rule_name is null or rule_name = %(rule)s)
order by silence_id
"""


@dataclass(frozen=True)
class Sample:
    """What was seen, and what it came to; it held until the next one."""

    seen_at: datetime
    verdict: str
    state: str
    value: float | None
    sample_count: int
    reason: str | None


@dataclass(frozen=True)
class Watched:
    """One series at the moment, and since when it was in its state."""

    series_id: int
    labels: dict[str, Any]
    seen_at: datetime | None
    verdict: str | None
    state: str | None
    value: float | None
    sample_count: int | None
    reason: str | None
    since: datetime | None


@dataclass(frozen=True)
class Explanation:
    """Everything that answers why."""

    rule_name: str
    at: datetime
    version: int | None
    definition: Mapping[str, str]
    valid_from: datetime | None
    looked: tuple[datetime, datetime, str] | None
    series: list[Watched] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    """Around the moment, of the first series."""
    incidents: list[dict[str, Any]] = field(default_factory=list)
    notices: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    silences: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def was_watched(self) -> bool:
        """Say whether an engine looked around the moment."""
        return self.looked is not None and self.at - self.looked[1] <= timedelta(
            seconds=15
        )


def explain(
    conn: psycopg.Connection,
    rule_name: str,
    at: datetime,
    labels: Mapping[str, Any] | None = None,
) -> Explanation:
    """Find out why a rule did or did not fire at a moment."""
    from psycopg.rows import dict_row
    from psycopg.types.json import Jsonb

    given = {"rule": rule_name, "at": at, "labels": Jsonb(dict(labels or {}))}
    found = conn.execute(VERSION, given).fetchone()
    if (
        found is None
        and not conn.execute(
            "select 1 from alerts.rule_versions where rule_name = %(rule)s", given
        ).fetchone()
    ):
        raise UserError(f"no rule {rule_name}: `frontdesk alerts list` names them")
    version, definition, valid_from = found or (None, {}, None)
    with conn.cursor(row_factory=class_row(Watched)) as cursor:
        series = cursor.execute(SERIES, given).fetchall()
    if labels and not series:
        raise UserError(
            f"rule {rule_name}: no series of these labels was ever seen:"
            " leave --label out to see all"
        )
    first = series[0].series_id if series else None
    given |= {"series": first if labels else None, "count": SAMPLES_SHOWN}
    samples: list[Sample] = []
    if first is not None:
        with conn.cursor(row_factory=class_row(Sample)) as cursor:
            samples = cursor.execute(AROUND, {**given, "series": first}).fetchall()
    with conn.cursor(row_factory=dict_row) as cursor:
        incidents = cursor.execute(INCIDENTS, given).fetchall()
        notices = {
            row["incident_id"]: cursor.execute(
                NOTICES, {"incident": row["incident_id"]}
            ).fetchall()
            for row in incidents
        }
    return Explanation(
        rule_name,
        at,
        version,
        definition,
        valid_from,
        conn.execute(LOOKED, given).fetchone(),
        series,
        samples,
        incidents,
        notices,
        conn.execute(SILENCED, given).fetchall(),
    )


def reason(said: Mapping[str, str], one: Watched, at: datetime) -> str:
    """Return in a sentence why a series was in the state it was in."""
    if one.state is None:
        return "nothing had been seen of it by then"
    limit = f"{said.get('comparison')} {said.get('fire_limit')}"
    clear = said.get("clear_limit")
    spent = (at - one.since).total_seconds() if one.since else 0
    value = "no value" if one.value is None else f"{one.value:.6g}"
    if one.state == "error":
        return f"could not be judged: {one.reason}"
    if one.state == "no_data":
        return f"there was nothing to judge: {one.reason or 'no value'}"
    if one.verdict == "retired":
        return f"not watched: {one.reason}"
    if one.verdict == "few":
        return (
            f"n = {one.sample_count} is too few to judge"
            f" (at least {said.get('minimum_sample')})"
        )
    if one.state == "pending":
        return (
            f"{value} is {limit}, but for {spent:.0f} s only:"
            f" it must hold for {said.get('for_seconds')} s"
            if one.verdict == "breach"
            else f"{value} lies between both limits ({limit}, over at {clear})"
        )
    if one.state == "recovering":
        return (
            f"{value} is over (at {clear}), but for {spent:.0f} s only:"
            f" it must stay so for {said.get('keep_seconds')} s"
        )
    if one.state == "firing":
        if one.verdict == "breach":
            return f"{value} is {limit}; it has fired for {spent:.0f} s"
        return f"{value} is not back at {clear}; it has fired for {spent:.0f} s"
    if one.verdict == "between":
        return f"{value} lies between both limits ({limit}, over at {clear})"
    return f"{value} is not {limit}"
