"""What people do about alerts: silence, acknowledge, and take back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from orchestration.deliver.alerts.rulebook import Rulebook, require_rule, require_said
from orchestration.deliver.alerts.rules import words
from orchestration.deliver.alerts.schema import CHANGED
from orchestration.settings import UserError

LONGEST_SILENCE = timedelta(days=90)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

SILENCE = """
insert into alerts.silences (rule_name, labels, author, reason, starts_at, ends_at)
values (%s, %s, %s, %s, %s, %s)
returning silence_id
"""
UNSILENCE = """
update alerts.silences
set ended_at = %s, ended_by = %s
where silence_id = %s and ended_at is null and ends_at > %s
returning silence_id
"""
ACKNOWLEDGE = """
update alerts.incidents
set
    acknowledged_by = %(by)s,
    acknowledged_reason = %(why)s,
    acknowledged_at = %(now)s,
    acknowledged_until = %(until)s
where incident_id = %(incident)s and state = 'open'
returning incident_id
"""
MARK = "update alerts.series set acknowledged_by = %s where incident_id = %s"


def duration(text: str) -> timedelta:
    """Read a span such as 90s, 30m, 2h or 3d."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdigit() or not number.isascii():
        raise UserError(f"{text}: write a span as 30m, 2h or 3d")
    if int(number) == 0 or int(number) * UNITS[unit] > 10**9:
        raise UserError(f"{text}: a span of at least a second and below 30 years")
    return timedelta(seconds=int(number) * UNITS[unit])


def labels_of(given: tuple[str, ...]) -> dict[str, str]:
    """Read labels given as name=value, or name=value|value."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or not words(value):
            raise UserError(f"{text}: write a label as name=value")
        found[name.strip()] = "|".join(words(value))
    return found


def silence(
    conn: psycopg.Connection,
    book: Rulebook,
    rule_name: str | None,
    labels: Mapping[str, str],
    span: timedelta,
    by: str,
    why: str,
    now: datetime | None = None,
) -> int:
    """Tell nobody of a rule, or of some labels, for a while; return its number."""
    require_said(by, why)
    if span > LONGEST_SILENCE:
        raise UserError(
            f"a silence ends within {LONGEST_SILENCE.days} days: for longer,"
            " `frontdesk alerts disable`"
        )
    if rule_name is not None:
        rule = require_rule(book, rule_name)
        for name in labels:
            if name not in rule.series_by:
                listed = ", ".join(rule.series_by) or "none"
                raise UserError(
                    f"rule {rule_name} has no label {name}: it has {listed}"
                )
    elif not labels:
        raise UserError("a silence of everything: name a rule, or a --label")
    starts_at = now or datetime.now(UTC)
    number = conn.execute(
        SILENCE,
        [rule_name, Jsonb(dict(labels)), by, why, starts_at, starts_at + span],
    ).fetchone()[0]
    conn.execute("select pg_notify(%s, 'silence')", [CHANGED])
    return number


def unsilence(
    conn: psycopg.Connection, number: int, by: str, now: datetime | None = None
) -> None:
    """End a silence before its time."""
    require_said(by, "it is over")
    at = now or datetime.now(UTC)
    if not conn.execute(UNSILENCE, [at, by, number, at]).fetchone():
        raise UserError(
            f"no silence {number} holds: `frontdesk alerts list` names them"
        )
    conn.execute("select pg_notify(%s, 'silence')", [CHANGED])


def acknowledge(
    conn: psycopg.Connection,
    incident_id: int,
    by: str,
    why: str = "",
    span: timedelta | None = None,
    now: datetime | None = None,
) -> None:
    """Take an incident on: no reminders, no escalation, for a while or to its end."""
    require_said(by, why or "taken on")
    at = now or datetime.now(UTC)
    given = {
        "incident": incident_id,
        "by": by.strip(),
        "why": why.strip() or None,
        "now": at,
        "until": at + span if span else None,
    }
    with conn.transaction():
        if not conn.execute(ACKNOWLEDGE, given).fetchone():
            raise UserError(
                f"no incident {incident_id} is open: `frontdesk alerts list` names them"
            )
        conn.execute(MARK, [by.strip(), incident_id])
        conn.execute("select pg_notify(%s, 'acknowledged')", [CHANGED])
