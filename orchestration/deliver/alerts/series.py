"""Series as the engine holds them for one evaluation, read and written as a set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from orchestration.deliver.alerts.readings import parse_labels
from orchestration.deliver.alerts.rules import Rule
from orchestration.deliver.alerts.states import Held, Reading, judge, step

NOTE_SECONDS = 5
"""While its state stays, a series is written down at most this often."""
CALM_NOTE_SECONDS = 30
"""And so often while nothing is wrong with it."""
FORGOTTEN_AFTER = timedelta(days=1)
LEAST_UNTOLD = 60
"""Seconds that missing data or an error lasts before anybody is told."""

READ = """
select
    series_id, rule_name, labels::text, state, since, base_state, base_since, verdict,
    reason, value, limit_value, sample_count, offenders, incident_id, acknowledged_by,
    muted_reason, seen_at
from alerts.series
"""
ADD = """
insert into alerts.series (
    rule_name, labels, since, base_since, verdict, limit_value, seen_at
)
select given.rule_name, given.labels, %(now)s, %(now)s, 'new', 0, %(now)s
from unnest(%(rules)s::text[], %(labels)s::jsonb[]) as given (rule_name, labels)
on conflict (rule_name, labels) do update set verdict = 'new'
returning series_id, rule_name, labels::text
"""
WRITE = """
update alerts.series as series
set
    state = given.state,
    since = given.since,
    base_state = given.base_state,
    base_since = given.base_since,
    verdict = given.verdict,
    reason = given.reason,
    value = given.value,
    limit_value = given.limit_value,
    sample_count = given.sample_count,
    offenders = given.offenders,
    incident_id = given.incident_id,
    acknowledged_by = given.acknowledged_by,
    muted_reason = given.muted_reason,
    seen_at = given.seen_at
from unnest(
    %(ids)s::bigint[], %(states)s::text[], %(sinces)s::timestamptz[],
    %(bases)s::text[], %(base_sinces)s::timestamptz[], %(verdicts)s::text[],
    %(reasons)s::text[], %(values)s::float8[], %(limits)s::float8[],
    %(samples)s::bigint[], %(offenders)s::jsonb[], %(incidents)s::bigint[],
    %(acknowledged)s::text[], %(muted)s::text[], %(seens)s::timestamptz[]
) as given (
    series_id, state, since, base_state, base_since, verdict, reason, value,
    limit_value, sample_count, offenders, incident_id, acknowledged_by, muted_reason,
    seen_at
)
where series.series_id = given.series_id
"""
NOTE = """
insert into alerts.samples (
    series_id, seen_at, verdict, state, value, sample_count, reason, rule_version
)
select
    given.series_id, %(now)s, given.verdict, given.state, given.value,
    given.sample_count, given.reason, given.rule_version
from unnest(
    %(ids)s::bigint[], %(verdicts)s::text[], %(states)s::text[], %(values)s::float8[],
    %(samples)s::bigint[], %(reasons)s::text[], %(versions)s::integer[]
) as given (
    series_id, verdict, state, value, sample_count, reason, rule_version
)
"""


@dataclass(slots=True)
class Series:
    """One rule and labels, and what is known of it."""

    rule_name: str
    text: str
    """Labels as Postgres writes them: the key among the series of a rule."""
    series_id: int = 0
    held: Held = field(default_factory=Held)
    verdict: str = "new"
    reason: str | None = None
    value: float | None = None
    limit_value: float = 0
    sample_count: int = 0
    offenders: list[dict[str, Any]] | None = None
    incident_id: int | None = None
    acknowledged_by: str | None = None
    muted_reason: str | None = None
    seen_at: datetime | None = None
    is_sampled: bool = False
    """What was seen is to be kept."""
    is_changed: bool = False
    """The row is to be written."""

    @property
    def labels(self) -> dict[str, Any]:
        """Return the labels; callers leave them as they are."""
        return parse_labels(self.text)

    def see(
        self,
        rule: Rule,
        reading: Reading,
        offenders: list[dict[str, Any]] | None,
        now: datetime,
        last: datetime | None,
    ) -> None:
        """Take in what was seen now."""
        verdict = judge(rule, reading)
        held = step(self.held, verdict, rule, now, last)
        reason = reading.error or reading.missing
        is_turn = (
            (held is not self.held and held.state != self.held.state)
            or verdict != self.verdict
            or reason != self.reason
            or rule.fire_limit != self.limit_value
        )
        is_news = reading.value != self.value or reading.sample != self.sample_count
        pause = CALM_NOTE_SECONDS if held.state == "normal" else NOTE_SECONDS
        is_due = self.seen_at is None or (now - self.seen_at).total_seconds() >= pause
        self.is_sampled = is_turn or (is_news and is_due)
        self.is_changed |= self.is_sampled or held != self.held
        self.held, self.verdict, self.reason = held, verdict, reason
        self.value, self.sample_count = reading.value, reading.sample
        self.limit_value, self.offenders = rule.fire_limit, offenders

    def retire(self, reason: str, now: datetime) -> None:
        """Stop watching: whatever held is over."""
        if self.held.state == "normal" and self.reason == reason:
            return
        self.held = Held("normal", now, "normal", now)
        self.verdict, self.reason, self.offenders = "retired", reason, None
        self.is_changed = self.is_sampled = True

    def put(self, name: str, value: object) -> None:
        """Set one part, and remember to write it when it differs."""
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.is_changed = True


AllSeries = dict[str, dict[str, Series]]
"""Series by rule, then by their labels as text."""


def read(conn: psycopg.Connection) -> AllSeries:
    """Return every series."""
    found: AllSeries = {}
    for row in conn.execute(READ).fetchall():
        found.setdefault(row[1], {})[row[2]] = Series(
            series_id=row[0],
            rule_name=row[1],
            text=row[2],
            held=Held(row[3], row[4], row[5], row[6]),
            verdict=row[7],
            reason=row[8],
            value=row[9],
            limit_value=row[10],
            sample_count=row[11],
            offenders=row[12],
            incident_id=row[13],
            acknowledged_by=row[14],
            muted_reason=row[15],
            seen_at=row[16],
        )
    return found


def add(conn: psycopg.Connection, new: Iterable[Series], now: datetime) -> None:
    """Give series that are seen for the first time their numbers."""
    new = list(new)
    if not new:
        return
    given = {
        "rules": [one.rule_name for one in new],
        "labels": [one.text for one in new],
        "now": now,
    }
    numbers = {row[1:]: row[0] for row in conn.execute(ADD, given).fetchall()}
    for one in new:
        one.series_id = numbers[one.rule_name, one.text]
        one.is_changed = one.is_sampled = True


def write(
    conn: psycopg.Connection,
    every: Iterable[Series],
    versions: Mapping[str, int],
    now: datetime,
) -> int:
    """Write what changed, and keep what was seen; return how many samples."""
    every = list(every)
    for one in every:
        if one.is_sampled:
            one.seen_at = now
    if changed := [one for one in every if one.is_changed]:
        conn.execute(WRITE, _columns(changed))
    sampled = [one for one in every if one.is_sampled]
    if sampled:
        versions_of = [versions.get(one.rule_name, 0) for one in sampled]
        conn.execute(NOTE, {**_columns(sampled), "versions": versions_of, "now": now})
    return len(sampled)


def _columns(rows: list[Series]) -> dict[str, list[Any]]:
    """Return series as one list per column."""
    return {
        "ids": [one.series_id for one in rows],
        "states": [one.held.state for one in rows],
        "sinces": [one.held.since for one in rows],
        "bases": [one.held.base for one in rows],
        "base_sinces": [one.held.base_since for one in rows],
        "verdicts": [one.verdict for one in rows],
        "reasons": [one.reason for one in rows],
        "values": [one.value for one in rows],
        "limits": [one.limit_value for one in rows],
        "samples": [one.sample_count for one in rows],
        "offenders": [Jsonb(one.offenders) if one.offenders else None for one in rows],
        "incidents": [one.incident_id for one in rows],
        "acknowledged": [one.acknowledged_by for one in rows],
        "muted": [one.muted_reason for one in rows],
        "seens": [one.seen_at for one in rows],
    }
