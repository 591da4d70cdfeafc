"""Rules, incidents and explanations as people read them on a terminal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.deliver.alerts.explain import Explanation, reason
from orchestration.deliver.alerts.measures import Catalogue
from orchestration.deliver.alerts.rulebook import (
    Rulebook,
    business_zone,
    definition,
)
from orchestration.deliver.alerts.rules import Rule, chain
from orchestration.deliver.alerts.schema import is_ready

MOST_SERIES = 20
STATES = {
    "firing": "red",
    "recovering": "yellow",
    "pending": "yellow",
    "error": "magenta",
    "no_data": "cyan",
}

COUNTS = """
select rule_name, state, count(*) from alerts.series group by rule_name, state
"""
OPEN = """
select
    incident_id, rule_name, cause, labels, severity, opened_at, value, limit_value,
    sample_count, is_told, muted_reason, acknowledged_by
from alerts.incidents
where state = 'open'
order by
    array_position(array['critical', 'warning', 'info'], severity), opened_at
"""
SILENCES = """
select silence_id, coalesce(rule_name, 'all rules'), labels, author, reason, ends_at
from alerts.silences
where ended_at is null and ends_at > now()
order by ends_at
"""
COUNT_OPEN = """
select severity, count(*)
from alerts.incidents
where state = 'open'
group by severity
order by array_position(array['critical', 'warning', 'info'], severity)
"""
UNDELIVERED = """
select
    count(*) filter (where state in ('waiting', 'sending')),
    count(*) filter (
        where state = 'failed' and created_at > now() - interval '1 day'
    )
from alerts.notifications
"""
LAST_LOOK = "select max(last_at), now() from alerts.evaluations"


def moment(at: datetime | None) -> str:
    """Return a moment in the business zone."""
    if at is None:
        return "-"
    return f"{at.astimezone(ZoneInfo(business_zone())):%Y-%m-%d %H:%M:%S}"


def labels_text(labels: Mapping[str, Any]) -> str:
    """Return labels in one line."""
    return ", ".join(f"{name}={value}" for name, value in labels.items()) or "all"


def amount(value: float | None) -> str:
    """Return a number without needless digits."""
    return "-" if value is None else f"{value:.6g}"


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(box=box.SIMPLE, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def rules(conn: psycopg.Connection, book: Rulebook, console: Console) -> None:
    """Print what is watched, what is open, what is silent, what is refused."""
    counts: dict[str, dict[str, int]] = {}
    for name, state, count in conn.execute(COUNTS).fetchall():
        counts.setdefault(name, {})[state] = count
    table = _table("rule", "severity", "fires", "for", "routes", "series", "now")
    for rule in book.rules.values():
        held = counts.get(rule.rule_name, {})
        now = ", ".join(
            f"[{STATES[state]}]{held[state]} {state}[/]"
            for state in STATES
            if held.get(state)
        )
        if not rule.is_enabled:
            now = "off"
        table.add_row(
            rule.rule_name + (" *" if rule.rule_name in book.changed else ""),
            rule.severity,
            f"{rule.comparison} {amount(rule.fire_limit)}",
            f"{rule.for_seconds} s",
            ", ".join(rule.routes),
            str(sum(held.values())),
            now or ("normal" if held else "nothing seen yet"),
        )
    console.print(table)
    if book.changed:
        console.print("* changed by a command; `frontdesk alerts reset` takes it back")
    incidents(conn, console)
    _silences(conn, console)
    for said in book.refused.values():
        console.print(f"[red]refused[/]: {said}", markup=True)
    last, now = conn.execute(LAST_LOOK).fetchone()
    if last is None:
        console.print("no engine has looked yet: `frontdesk alerts run`")
    elif (now - last).total_seconds() > 15:
        console.print(f"no engine has looked since {moment(last)}")


def summary(conn: psycopg.Connection) -> list[str]:
    """Return what `frontdesk status` says of alerts; nothing where none were set up."""
    if not is_ready(conn):
        return []
    last, now = conn.execute(LAST_LOOK).fetchone()
    if last is None:
        return ["alerts: no engine has looked yet: `frontdesk alerts run`"]
    counts = dict(conn.execute(COUNT_OPEN).fetchall())
    said = ", ".join(f"{count} {severity}" for severity, count in counts.items())
    age = (now - last).total_seconds()
    lines = [f"alerts: {said or 'no incident'} open; last look {age:.0f} s ago"]
    waiting, failed = conn.execute(UNDELIVERED).fetchone()
    if waiting or failed:
        lines.append(f"alerts: notices waiting {waiting}, failed in a day {failed}")
    return lines


def incidents(conn: psycopg.Connection, console: Console) -> None:
    """Print the incidents that are open."""
    rows = conn.execute(OPEN).fetchall()
    if not rows:
        console.print("no incident is open")
        return
    table = _table(
        *("no.", "rule", "where", "severity", "since", "value", "limit", "n", "told"),
        title="open incidents",
    )
    for row in rows:
        number, rule, cause, labels, severity, since, value, limit, n, told = row[:10]
        said = "told" if told else "not told"
        if row[10]:
            said = row[10]
        if row[11]:
            said = f"taken on by {row[11]}"
        table.add_row(
            str(number),
            rule if cause == "limit" else f"{rule} ({cause.replace('_', ' ')})",
            labels_text(labels),
            severity,
            moment(since),
            amount(value),
            amount(limit),
            str(n),
            said,
        )
    console.print(table)


def _silences(conn: psycopg.Connection, console: Console) -> None:
    rows = conn.execute(SILENCES).fetchall()
    if not rows:
        return
    table = _table("no.", "rule", "where", "by", "why", "until", title="silences")
    for number, rule, labels, author, why, until in rows:
        table.add_row(
            str(number), rule, labels_text(labels), author, why, moment(until)
        )
    console.print(table)


HISTORY = """
select changed_at, author, reason, changes, is_reset
from alerts.rule_changes
where rule_name = %s
order by change_id desc
limit 10
"""
SERIES = """
select labels, state, since, value, sample_count, reason, muted_reason
from alerts.series
where rule_name = %s
order by
    array_position(
        array['firing', 'error', 'recovering', 'pending', 'no_data', 'normal'], state
    ),
    labels::text
"""


def rule(conn: psycopg.Connection, book: Rulebook, one: Rule, console: Console) -> None:
    """Print everything about one rule."""
    measure = book.catalogue.measures[one.measure]
    console.print(f"{one.rule_name}: {one.title_en} / {one.title_zh}")
    console.print(f"measures: {measure.title} ({measure.unit})")
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in definition(one).items():
        if name not in ("rule_name", "title_en", "title_zh"):
            table.add_row(name, value or "-")
    console.print(table)
    for route in one.routes:
        after = chain(book.routes, route)
        console.print(f"tells {' then '.join((route, *after))}")
    rows = conn.execute(SERIES, [one.rule_name]).fetchall()
    table = _table("series", "state", "since", "value", "n", "note")
    for labels, state, since, value, n, said, muted in rows[:MOST_SERIES]:
        table.add_row(
            labels_text(labels),
            f"[{STATES[state]}]{state}[/]" if state in STATES else state,
            moment(since),
            amount(value),
            str(n),
            muted or said or "",
        )
    if rows:
        console.print(table)
    if len(rows) > MOST_SERIES:
        console.print(f"and {len(rows) - MOST_SERIES} more series")
    for at, author, why, changes, is_reset in conn.execute(
        HISTORY, [one.rule_name]
    ).fetchall():
        said = "reset" if is_reset else labels_text(changes)
        console.print(f"{moment(at)} {author}: {said} ({why})")


def measures(known: Catalogue, console: Console) -> None:
    """Print what a rule may measure."""
    table = _table("measure", "kind", "unit", "labels", "window", "what it is")
    for one in known.measures.values():
        window = "-"
        if one.windows:
            window = f"{one.default_window} min ({one.windows[0]} to {one.windows[1]})"
        labels = ", ".join(one.labels)
        table.add_row(one.name, one.kind, one.unit, labels, window, one.title)
    console.print(table)


def explanation(found: Explanation, console: Console) -> None:
    """Print why a rule did or did not fire."""
    console.print(f"{found.rule_name} at {moment(found.at)} {business_zone()}")
    if found.version is None:
        console.print("there was no such rule yet")
        return
    said = found.definition
    console.print(
        f"version {found.version}, in force since {moment(found.valid_from)}:"
        f" {said.get('measure')} {said.get('comparison')} {said.get('fire_limit')}"
        f" for {said.get('for_seconds')} s, over at {said.get('clear_limit')}"
        f" for {said.get('keep_seconds')} s, n at least {said.get('minimum_sample')}"
    )
    if said.get("is_enabled") == "false":
        console.print("the rule was off")
    if found.looked is None:
        console.print("no engine had looked by then, or what it saw is no longer kept")
    elif not found.was_watched:
        console.print(f"nobody looked: the last look was at {moment(found.looked[1])}")
    for one in found.series[:MOST_SERIES]:
        colour = STATES.get(one.state or "", "green")
        console.print(
            f"{labels_text(one.labels)}: [{colour}]{one.state or 'unseen'}[/]:"
            f" {reason(said, one, found.at)}"
        )
    if len(found.series) > MOST_SERIES:
        console.print(f"and {len(found.series) - MOST_SERIES} more series")
    if not found.series:
        console.print("no series was ever seen")
    for number, author, why, until in found.silences:
        console.print(f"silence {number} by {author} until {moment(until)}: {why}")
    _samples(found, console)
    _incidents(found, console)


def _samples(found: Explanation, console: Console) -> None:
    if not found.samples:
        return
    where = labels_text(found.series[0].labels)
    table = _table("seen", "value", "n", "judged", "state", "", title=where)
    is_marked = False
    for sample in found.samples:
        if sample.seen_at > found.at and not is_marked:
            table.add_row(moment(found.at), "", "", "", "", "<- asked")
            is_marked = True
        table.add_row(
            moment(sample.seen_at),
            amount(sample.value),
            str(sample.sample_count),
            sample.verdict,
            sample.state,
            sample.reason or "",
        )
    console.print(table)
    console.print("what was seen held until the next line")


def _incidents(found: Explanation, console: Console) -> None:
    if not found.incidents:
        console.print("no incident was open")
    for row in found.incidents:
        number = row["incident_id"]
        told = f"told {moment(row['told_at'])}" if row["is_told"] else "told to nobody"
        if not row["is_told"] and row["muted_reason"]:
            told += f" ({row['muted_reason']})"
        until = moment(row["resolved_at"]) if row["resolved_at"] else "now"
        console.print(
            f"incident {number} ({labels_text(row['labels'])}):"
            f" {moment(row['opened_at'])} to {until}, {told}"
        )
        for notice in found.notices.get(number, ()):
            console.print(
                f"  {moment(notice['created_at'])} {notice['kind']} to"
                f" {notice['route']}: {notice['state']}"
                f" after {notice['attempts']} attempts"
                + (f" ({notice['state_reason']})" if notice["state_reason"] else "")
            )
