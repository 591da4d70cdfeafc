"""Asks the measures that rules need: one query for all series of a measure."""

import json
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg

from orchestration.deliver.alerts.measures import Catalogue, Measure
from orchestration.deliver.alerts.rules import Rule
from orchestration.deliver.alerts.states import Reading

Key = tuple[str, int | None, tuple[str, ...]]
"""Measure, window and labels: rules that agree on them share one query."""

LATEST_BUILD_LAG = timedelta(hours=3)
"""Marts that lag more behind what landed are not judged."""
LONGEST_KEPT = timedelta(seconds=60)
"""How long what was read stands in when a table is being rebuilt."""
NOTHING = Reading()

ABSENT = """
select wanted.name
from unnest(%s::text[]) as wanted (name)
where to_regclass(wanted.name) is null
"""
BUILD_LAG = """
select
    max(batches.loaded_at)
    - (select max(watermarks.built_at) from frontdesk.watermarks as watermarks)
from frontdesk.batches as batches
where batches.loaded_at <= %s
"""


@dataclass(frozen=True)
class Seen:
    """What was read of one series."""

    labels: dict[str, Any]
    reading: Reading
    offenders: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of asking: series by their labels as text, or why there are none."""

    series: dict[str, Seen] = field(default_factory=dict)
    problem: Reading | None = None
    is_kept: bool = False
    """It stands in for an answer that could not be had."""


def key_of(rule: Rule) -> Key:
    """Return what has to be asked for a rule."""
    return rule.measure, rule.window_minutes, rule.series_by


@lru_cache(maxsize=65536)
def parse_labels(text: str) -> dict[str, Any]:
    """Return labels from their text; callers leave them as they are."""
    return json.loads(text)


class Asker:
    """Asks measures, and keeps for a while what only a build changes."""

    def __init__(self, zone: str) -> None:
        """Begin with nothing kept; `zone` is where business days end."""
        self.zone = zone
        self._kept: dict[Key, tuple[datetime, Outcome]] = {}
        """When each key was last asked with success, and what came of it."""

    def forget(self) -> None:
        """Ask everything anew."""
        self._kept.clear()

    def ask(
        self,
        conn: psycopg.Connection,
        catalogue: Catalogue,
        rules: Collection[Rule],
        now: datetime,
    ) -> dict[Key, Outcome]:
        """Return what was seen for each key, in the caller's transaction."""
        wanted = {key_of(rule): catalogue.measures[rule.measure] for rule in rules}
        due = {
            key: measure
            for key, measure in wanted.items()
            if not self._is_kept(key, measure, now)
        }
        absent = _absent(conn, due.values())
        lag = self._build_lag(conn, due.values(), absent, now)
        found: dict[Key, Outcome] = {}
        for key, measure in wanted.items():
            if key not in due:
                found[key] = self._kept[key][1]
                continue
            found[key] = self._outcome(conn, key, measure, absent, lag, now)
            if found[key].problem is None and not found[key].is_kept:
                self._kept[key] = now, found[key]
        self._kept = {key: kept for key, kept in self._kept.items() if key in wanted}
        return found

    def _is_kept(self, key: Key, measure: Measure, now: datetime) -> bool:
        if key not in self._kept:
            return False
        age = (now - self._kept[key][0]).total_seconds()
        return 0 <= age < measure.every_seconds

    def _build_lag(
        self,
        conn: psycopg.Connection,
        measures: Iterable[Measure],
        absent: Collection[str],
        now: datetime,
    ) -> timedelta | None:
        if not any(measure.is_mart for measure in measures):
            return None
        if absent & {"frontdesk.batches", "frontdesk.watermarks"}:
            return None
        return conn.execute(BUILD_LAG, [now]).fetchone()[0]

    def _outcome(
        self,
        conn: psycopg.Connection,
        key: Key,
        measure: Measure,
        absent: Collection[str],
        lag: timedelta | None,
        now: datetime,
    ) -> Outcome:
        missing = [name for name in measure.relations if name in absent]
        if missing:
            return Outcome(problem=Reading(missing=f"{missing[0]} is not made yet"))
        if measure.is_mart and lag is not None and lag > LATEST_BUILD_LAG:
            hours = lag / timedelta(hours=1)
            said = f"the tables are {hours:.1f} hours behind what has landed"
            return Outcome(problem=Reading(missing=said))
        try:
            with conn.transaction():
                return self._query(conn, key, measure, now)
        except psycopg.Error as error:
            if conn.broken or conn.closed:
                raise
            former = self._kept.get(key)
            if measure.is_mart and former and now - former[0] < LONGEST_KEPT:
                return replace(former[1], is_kept=True)
            lines = str(error).strip().splitlines() or ["no reason given"]
            return Outcome(problem=Reading(error=f"{measure.name}: {lines[0]}"))

    def _query(
        self, conn: psycopg.Connection, key: Key, measure: Measure, now: datetime
    ) -> Outcome:
        given = {
            "now": now,
            "window": timedelta(minutes=key[1] or 0),
            "zone": self.zone,
        }
        found: dict[str, Seen] = {}
        for text, value, sample, offenders in conn.execute(
            measure.query(key[2]), given
        ).fetchall():
            if value is not None and not math.isfinite(value):
                value = None
            reading = Reading(value, max(sample, 0))
            if value is None and measure.is_zero_when_absent:
                reading = Reading(0.0, 0)
            found[text] = Seen(parse_labels(text), reading, offenders)
        return Outcome(found)


def when_absent(measure: Measure) -> Reading:
    """Return what a series is read as that has no rows now."""
    return Reading(0.0, 0) if measure.is_zero_when_absent else NOTHING


def _absent(conn: psycopg.Connection, measures: Iterable[Measure]) -> set[str]:
    """Return the relations that are not there."""
    wanted = {name for measure in measures for name in measure.relations}
    wanted |= {"frontdesk.batches", "frontdesk.watermarks"}
    return {row[0] for row in conn.execute(ABSENT, [sorted(wanted)]).fetchall()}
