"""Incidents as the engine holds them for one evaluation, read and written as a set."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from orchestration.deliver.alerts.series import Series

OPEN = """
select
    incident_id, rule_name, cause, labels, severity, opened_at, value, worst_value,
    limit_value, sample_count, offenders, is_told, told_at, last_told_at, repeat_count,
    notice_count, told_routes, escalated_at, level, muted_reason, muted_since,
    acknowledged_by, acknowledged_until
from alerts.incidents
where state = 'open'
"""
MEMBERS = """
select members.incident_id, members.series_id, members.worst_value, members.is_told
from alerts.incident_series as members
inner join alerts.incidents as incidents
    on members.incident_id = incidents.incident_id
where incidents.state = 'open' and members.left_at is null
"""
ADD = """
insert into alerts.incidents (
    rule_name, cause, labels, severity, opened_at, limit_value, rule_version
)
values (
    %(rule)s, %(cause)s, %(labels)s, %(severity)s, %(now)s, %(limit)s, %(version)s
)
returning incident_id
"""
WRITE = """
update alerts.incidents
set
    state = %(state)s,
    resolved_at = %(resolved_at)s,
    resolved_reason = %(resolved_reason)s,
    value = %(value)s,
    worst_value = %(worst_value)s,
    limit_value = %(limit_value)s,
    sample_count = %(sample_count)s,
    offenders = %(offenders)s,
    is_told = %(is_told)s,
    told_at = %(told_at)s,
    last_told_at = %(last_told_at)s,
    repeat_count = %(repeat_count)s,
    notice_count = %(notice_count)s,
    told_routes = %(told_routes)s,
    escalated_at = %(escalated_at)s,
    level = %(level)s,
    muted_reason = %(muted_reason)s,
    muted_since = %(muted_since)s
where incident_id = %(incident_id)s
"""
JOIN = """
insert into alerts.incident_series (
    incident_id, series_id, labels, joined_at, value, worst_value, sample_count
)
select
    given.incident_id, given.series_id, given.labels, %(now)s, given.value,
    given.value, given.sample_count
from unnest(
    %(incidents)s::bigint[], %(series)s::bigint[], %(labels)s::jsonb[],
    %(values)s::float8[], %(samples)s::bigint[]
) as given (incident_id, series_id, labels, value, sample_count)
on conflict (incident_id, series_id) do update set left_at = null
"""
LEAVE = """
update alerts.incident_series as members
set left_at = %(now)s
from unnest(%(incidents)s::bigint[], %(series)s::bigint[])
    as given (incident_id, series_id)
where
    members.incident_id = given.incident_id
    and members.series_id = given.series_id
"""
FOLLOW = """
update alerts.incident_series as members
set
    value = given.value,
    worst_value = given.worst_value,
    sample_count = given.sample_count,
    is_told = given.is_told
from unnest(
    %(incidents)s::bigint[], %(series)s::bigint[], %(values)s::float8[],
    %(worst)s::float8[], %(samples)s::bigint[], %(told)s::boolean[]
) as given (incident_id, series_id, value, worst_value, sample_count, is_told)
where
    members.incident_id = given.incident_id
    and members.series_id = given.series_id
"""


@dataclass(slots=True)
class Member:
    """One series of an incident."""

    series: Series
    worst_value: float | None
    is_told: bool = False
    mute: str | None = None
    is_changed: bool = False


@dataclass(slots=True)
class Incident:
    """One incident as it stands in this evaluation."""

    incident_id: int
    rule_name: str
    cause: str
    labels: dict[str, Any]
    severity: str
    opened_at: datetime
    value: float | None = None
    worst_value: float | None = None
    limit_value: float = 0
    sample_count: int = 0
    offenders: list[dict[str, Any]] | None = None
    is_told: bool = False
    told_at: datetime | None = None
    last_told_at: datetime | None = None
    repeat_count: int = 0
    notice_count: int = 0
    told_routes: list[str] = field(default_factory=list)
    escalated_at: datetime | None = None
    level: int = 0
    muted_reason: str | None = None
    muted_since: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_until: datetime | None = None
    state: str = "open"
    resolved_at: datetime | None = None
    resolved_reason: str | None = None
    members: dict[int, Member] = field(default_factory=dict)
    is_changed: bool = False

    def is_acknowledged(self, now: datetime) -> bool:
        """Say whether somebody has taken it on."""
        if self.acknowledged_by is None:
            return False
        return self.acknowledged_until is None or now < self.acknowledged_until

    def put(self, name: str, value: object) -> None:
        """Set one part, and remember to write it when it differs."""
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.is_changed = True


def read_open(
    conn: psycopg.Connection, by_id: Mapping[int, Series]
) -> dict[int, Incident]:
    """Return the incidents that are open, with the series in them."""
    found = {row[0]: Incident(*row) for row in conn.execute(OPEN).fetchall()}
    if found:
        for number, series_id, worst, is_told in conn.execute(MEMBERS).fetchall():
            if one := by_id.get(series_id):
                found[number].members[series_id] = Member(one, worst, is_told)
    return found


def write(conn: psycopg.Connection, incidents: Collection[Incident]) -> None:
    """Write every incident that changed."""
    names = (
        *("incident_id", "state", "resolved_at", "resolved_reason", "value"),
        *("worst_value", "limit_value", "sample_count", "is_told", "told_at"),
        *("last_told_at", "repeat_count", "notice_count", "told_routes"),
        *("escalated_at", "level", "muted_reason", "muted_since"),
    )
    changed = [one for one in incidents if one.is_changed]
    with conn.cursor() as cursor:
        cursor.executemany(
            WRITE,
            [
                {
                    **{name: getattr(one, name) for name in names},
                    "offenders": Jsonb(one.offenders) if one.offenders else None,
                }
                for one in changed
            ],
        )


Moves = list[tuple[int, Series]]
"""Incidents by their number, and series that joined or left them."""


def write_members(
    conn: psycopg.Connection,
    incidents: Collection[Incident],
    joined: Moves,
    left: Moves,
    now: datetime,
) -> None:
    """Write which series joined and left, and what those that stay came to."""
    for statement, rows in ((JOIN, joined), (LEAVE, left)):
        if rows:
            given = {
                "now": now,
                "incidents": [number for number, _ in rows],
                "series": [one.series_id for _, one in rows],
                "labels": [Jsonb(one.labels) for _, one in rows],
                "values": [one.value for _, one in rows],
                "samples": [one.sample_count for _, one in rows],
            }
            conn.execute(statement, given)
    changed = [
        (incident.incident_id, member)
        for incident in incidents
        if incident.cause == "limit"
        for member in incident.members.values()
        if member.is_changed
    ]
    if changed:
        given = {
            "incidents": [number for number, _ in changed],
            "series": [member.series.series_id for _, member in changed],
            "values": [member.series.value for _, member in changed],
            "worst": [member.worst_value for _, member in changed],
            "samples": [member.series.sample_count for _, member in changed],
            "told": [member.is_told for _, member in changed],
        }
        conn.execute(FOLLOW, given)
