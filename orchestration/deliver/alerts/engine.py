"""One evaluation: ask, judge, open and close incidents, say what is to be said.

Everything is one transaction: a state never changes unsaid, and nothing is said of a
change that was rolled back. The moment is given from outside, so ten hours can be
played in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import psycopg

from orchestration.deliver.alerts import rulebook, series
from orchestration.deliver.alerts.incidents import Desk
from orchestration.deliver.alerts.muting import muting
from orchestration.deliver.alerts.readings import (
    Asker,
    Outcome,
    key_of,
    parse_labels,
    when_absent,
)
from orchestration.deliver.alerts.rulebook import Rulebook
from orchestration.deliver.alerts.rules import Rule
from orchestration.deliver.alerts.series import AllSeries, Series
from orchestration.settings import settings

RULES_SECONDS = 5
"""How often lists are looked at for changes that nobody told of."""
LONGEST_PAUSE = timedelta(seconds=15)
"""A longer time without an evaluation is a gap, and shows as one."""
PRUNE_SECONDS = 600
UNLABELLED = "{}"

LAST = """
select evaluation_id, last_at, engine from alerts.evaluations
order by evaluation_id desc
limit 1
"""
BEAT = """
update alerts.evaluations
set last_at = %s, evaluation_count = evaluation_count + 1
where evaluation_id = %s
"""
BEGIN = """
insert into alerts.evaluations (began_at, last_at, engine) values (%s, %s, %s)
"""


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation did."""

    at: datetime
    series_count: int
    changed_count: int
    sample_count: int
    open_count: int
    notice_count: int


class Engine:
    """Evaluates all rules at a moment; keeps nothing that a restart would miss."""

    def __init__(self, name: str = "", seeds: Path | None = None) -> None:
        """Begin knowing nothing; `name` says who evaluated."""
        self.name = name
        self.seeds = seeds
        self.rules_seconds: float = RULES_SECONDS
        self.asker = Asker(rulebook.business_zone())
        self._book: Rulebook | None = None
        self._read_at: datetime | None = None
        self._pruned_at: datetime | None = None

    def forget(self) -> None:
        """Read rules and ask measures anew at the next evaluation."""
        self._read_at = None
        self.asker.forget()

    def evaluate(self, conn: psycopg.Connection, now: datetime) -> Evaluation:
        """Judge every series of every rule as of `now`."""
        try:
            with conn.transaction():
                return self._evaluate(conn, now)
        except BaseException:
            # what was rolled back is not known
            self.forget()
            raise

    def _evaluate(self, conn: psycopg.Connection, now: datetime) -> Evaluation:
        book = self._rules(conn, now)
        rules = book.in_force()
        outcomes = self.asker.ask(conn, book.catalogue, rules, now)
        beat = conn.execute(LAST).fetchone()
        last = beat[1] if beat else None
        known = series.read(conn)
        new: list[Series] = []
        for rule in rules:
            new += _see(rule, book, outcomes[key_of(rule)], known, now, last)
        _retire(book, known, now)
        series.add(conn, new, now)
        every = list(chain.from_iterable(rows.values() for rows in known.values()))
        mutes = muting(
            conn,
            book,
            ((one.rule_name, one.held.base, one.labels) for one in every),
            now,
        )
        desk = Desk(conn, book, mutes, known, now)
        notices = desk.work()
        changed = sum(one.is_changed for one in every)
        samples = series.write(conn, every, book.versions, now)
        self._beat(conn, beat, now)
        self._prune(conn, now)
        return Evaluation(now, len(every), changed, samples, desk.open_count(), notices)

    def _rules(self, conn: psycopg.Connection, now: datetime) -> Rulebook:
        """Return the rules in force, read anew now and then."""
        age = (now - self._read_at).total_seconds() if self._read_at else -1
        if self._book is not None and 0 <= age < self.rules_seconds:
            return self._book
        try:
            with conn.transaction():
                self._book = rulebook.sync(conn, now, self.seeds)
        except psycopg.Error:
            # a build puts the lists in anew at this moment: those read last will do
            if conn.closed or conn.broken or self._book is None:
                raise
        self._read_at = now
        return self._book

    def _beat(
        self,
        conn: psycopg.Connection,
        last: tuple[int, datetime, str] | None,
        now: datetime,
    ) -> None:
        """Write down that somebody looked."""
        is_same = last and last[2] == self.name
        if is_same and timedelta(0) <= now - last[1] <= LONGEST_PAUSE:
            conn.execute(BEAT, [now, last[0]])
        else:
            conn.execute(BEGIN, [now, now, self.name])

    def _prune(self, conn: psycopg.Connection, now: datetime) -> None:
        """Forget samples and series that nobody asks about any more."""
        if self._pruned_at is None:
            self._pruned_at = now
        if (now - self._pruned_at).total_seconds() < PRUNE_SECONDS:
            return
        self._pruned_at = now
        old = now - timedelta(hours=settings().alert_sample_hours)
        # the newest sample of a series holds until the next, so it stays
        conn.execute(
            "delete from alerts.samples as samples using alerts.series as series"
            " where samples.series_id = series.series_id and samples.seen_at < %s"
            " and samples.seen_at < series.seen_at",
            [old],
        )
        conn.execute(
            "with gone as (delete from alerts.series where state = 'normal'"
            " and incident_id is null and sample_count = 0 and seen_at < %s"
            " returning series_id)"
            " delete from alerts.samples using gone"
            " where samples.series_id = gone.series_id",
            [min(old, now - series.FORGOTTEN_AFTER)],
        )
        conn.execute("delete from alerts.evaluations where last_at < %s", [old])


def _see(
    rule: Rule,
    book: Rulebook,
    outcome: Outcome,
    known: AllSeries,
    now: datetime,
    last: datetime | None,
) -> Iterator[Series]:
    """Judge the series of one rule; yield those that are seen for the first time."""
    held = known.setdefault(rule.rule_name, {})
    if outcome.problem is not None:
        if not held and outcome.problem.error is not None:
            held[UNLABELLED] = Series(rule.rule_name, UNLABELLED)
            yield held[UNLABELLED]
        for one in held.values():
            one.see(rule, outcome.problem, None, now, last)
        return
    for text, seen in outcome.series.items():
        one = held.get(text)
        if one is None:
            if not rule.holds_for(seen.labels):
                continue
            one = held[text] = Series(rule.rule_name, text)
            yield one
        elif not _belongs(rule, text):
            continue
        one.see(rule, seen.reading, seen.offenders, now, last)
    absent = when_absent(book.catalogue.measures[rule.measure])
    for text, one in held.items():
        if text in outcome.series and _belongs(rule, text):
            continue
        if not _belongs(rule, text):
            one.retire("no longer in the scope of the rule", now)
        elif one.verdict != "clear" or one.held.state != "normal" or one.value:
            one.see(rule, absent, None, now, last)


def _belongs(rule: Rule, text: str) -> bool:
    """Say whether a series is one of a rule as it stands."""
    labels = parse_labels(text)
    return set(labels) == set(rule.series_by) and rule.holds_for(labels)


def _retire(book: Rulebook, known: AllSeries, now: datetime) -> None:
    """Stop watching what no rule in force asks for."""
    for name, rows in known.items():
        rule = book.rules.get(name)
        if rule is None or not rule.is_enabled:
            said = "the rule was removed" if rule is None else "the rule is off"
            for one in rows.values():
                one.retire(said, now)
