"""Why nobody is told at the moment: a silence, a rule that mutes, a calendar."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from orchestration.deliver.alerts.calendars import is_muted
from orchestration.deliver.alerts.rulebook import Rulebook
from orchestration.deliver.alerts.rules import Rule

SILENCES = """
select silence_id, rule_name, labels, author, reason, ends_at
from alerts.silences
where ended_at is null and starts_at <= %(now)s and ends_at > %(now)s
order by silence_id
"""
MUTING_STATES = ("pending", "firing", "recovering")
"""A feed that may be silent mutes already: what it feeds cannot be believed."""


@dataclass(frozen=True)
class Silence:
    """Somebody does not want to hear of something for a while."""

    silence_id: int
    rule_name: str | None
    labels: Mapping[str, Any]
    author: str
    reason: str
    ends_at: datetime

    def holds_for(self, rule_name: str, labels: Mapping[str, Any]) -> bool:
        """Say whether it is meant; a label may name several values with `|`."""
        if self.rule_name is not None and self.rule_name != rule_name:
            return False
        return all(
            str(labels.get(name)) in str(value).split("|")
            for name, value in self.labels.items()
        )


@dataclass
class Muting:
    """Everything that keeps people from being told at one moment."""

    now: datetime
    book: Rulebook
    silences: list[Silence] = field(default_factory=list)
    on: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Labels of the series that hold, by rule."""

    def reason(self, rule: Rule, labels: Mapping[str, Any]) -> str | None:
        """Return why nobody is told of a series, or None."""
        for silence in self.silences:
            if silence.holds_for(rule.rule_name, labels):
                return f"silence {silence.silence_id} by {silence.author}"
        for name in rule.muted_by:
            if any(_agree(labels, other) for other in self.on.get(name, ())):
                return f"muted by {name}"
        if is_muted(self.book.calendars, rule.mute_calendar, self.now):
            return f"calendar {rule.mute_calendar}"
        return None


def _agree(labels: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether what holds for one series concerns another.

    They agree on every label they share, and share one; what has no labels at all
    concerns everything.
    """
    known = {name: value for name, value in other.items() if value is not None}
    if not known:
        return not other
    shared = [name for name in known if labels.get(name) is not None]
    return bool(shared) and all(labels[name] == known[name] for name in shared)


def muting(
    conn: psycopg.Connection,
    book: Rulebook,
    states: Iterable[tuple[str, str, Mapping[str, Any]]],
    now: datetime,
) -> Muting:
    """Return what mutes now; `states` are rule, base state and labels of the series."""
    wanted = {name for rule in book.in_force() for name in rule.muted_by}
    on: dict[str, list[dict[str, Any]]] = {}
    for rule_name, base, labels in states:
        if rule_name in wanted and base in MUTING_STATES:
            on.setdefault(rule_name, []).append(dict(labels))
    rows = conn.execute(SILENCES, {"now": now}).fetchall()
    return Muting(now, book, [Silence(*row) for row in rows], on)
