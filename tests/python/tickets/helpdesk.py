"""The sample world's help desk as tickets of the reference, read from its files."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.python.tickets.business_time import Calendar, Interval
from tests.python.tickets.reference import (
    CalendarStay,
    Change,
    Comment,
    SeedPolicyRow,
    Ticket,
    seed_targets,
)
from tests.python.tickets.zendesk import categories_of, seed_rows

Row = dict[str, Any]

SOURCE = "helpdesk"
BUSINESS_ZONE = "Asia/Shanghai"
FIRST_WORKDAY = 1


def latest_rows(world: Path, pattern: str, key: str) -> list[Row]:
    """Return the last exported version of each record; ties by file, then row."""
    found: dict[str, tuple[tuple, Row]] = {}
    for path in sorted((world / SOURCE).glob(pattern)):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                row = json.loads(line)
                place = (row["exported_at"] or "", path.name, number)
                if row[key] not in found or place > found[row[key]][0]:
                    found[row[key]] = (place, row)
    return [row for _, row in found.values()]


def moment(text: str) -> datetime:
    """Return a moment that a file states."""
    return datetime.fromisoformat(text).astimezone(UTC)


def optional_day(text: str) -> date | None:
    """Return a day of a seed, or nothing where it is empty."""
    return date.fromisoformat(text) if text else None


def minute(text: str) -> int:
    """Return the minute of the day of a time such as 17:30."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def seed_calendar(calendar_id: str) -> Calendar:
    """Return a calendar of our own lists."""
    kept = next(
        row for row in seed_rows("seed_calendars") if row["calendar_id"] == calendar_id
    )
    hours = _of(calendar_id, "seed_calendar_hours")
    days = _of(calendar_id, "seed_calendar_days")
    short: dict[date, list[tuple[int, int]]] = defaultdict(list)
    closed: set[date] = set()
    for row in days:
        day = date.fromisoformat(row["calendar_date"])
        if row["day_kind"] == "closed":
            closed.add(day)
        else:
            short[day].append((minute(row["opens_at"]), minute(row["closes_at"])))
    own = closed | set(short)
    for row in seed_rows("seed_holidays"):
        day = date.fromisoformat(row["holiday_date"])
        if row["country_code"] != kept["country_code"] or day in own:
            continue
        if row["is_working_day"] == "true":
            short[day] = _workday(hours, day)
        else:
            closed.add(day)
    weekly = [
        Interval(
            int(row["weekday_number"]) % 7 * 1440 + minute(row["opens_at"]),
            int(row["weekday_number"]) % 7 * 1440 + minute(row["closes_at"]),
            optional_day(row["valid_from_date"]),
            optional_day(row["valid_to_date"]),
        )
        for row in hours
    ]
    return Calendar(kept["time_zone_name"], weekly, frozenset(closed), short)


def _of(calendar_id: str, seed: str) -> list[dict[str, str]]:
    """Return the rows of a seed that belong to a calendar."""
    return [row for row in seed_rows(seed) if row["calendar_id"] == calendar_id]


def _workday(hours: Iterable[dict[str, str]], day: date) -> list[tuple[int, int]]:
    """Return the hours of a make-up working day: those of a Monday."""
    return [
        (minute(row["opens_at"]), minute(row["closes_at"]))
        for row in hours
        if int(row["weekday_number"]) == FIRST_WORKDAY
        and (optional_day(row["valid_from_date"]) or day) <= day
        and day <= (optional_day(row["valid_to_date"]) or day)
    ]


def queue_calendars() -> dict[str, Calendar]:
    """Return the calendar of each queue; `*` is that of all others."""
    return {
        row["queue_name"]: seed_calendar(row["calendar_id"])
        for row in seed_rows("seed_queue_calendars")
        if row["source_name"] == SOURCE
    }


def seed_policies(source_name: str = SOURCE) -> list[SeedPolicyRow]:
    """Return our own targets for a source."""
    return [
        SeedPolicyRow(
            row["metric"],
            row["priority"],
            int(row["target_seconds"]),
            row["is_business"] == "true",
            optional_day(row["valid_from_date"]),
            optional_day(row["valid_to_date"]),
        )
        for row in seed_rows("seed_sla_policies")
        if row["source_name"] == source_name
    ]


def tickets_of(world: Path) -> list[Ticket]:
    """Return the tickets of the help desk."""
    calendars, policies = queue_calendars(), seed_policies()
    categories = categories_of(seed_rows("seed_ticket_statuses"), SOURCE)
    changes: dict[str, list[Row]] = defaultdict(list)
    for row in latest_rows(world, "ticket_changes_*.jsonl.gz", "change_id"):
        changes[row["ticket_id"]].append(row)
    found = []
    for row in latest_rows(world, "tickets_*.jsonl.gz", "ticket_id"):
        calendar = calendars.get(row["group_name"], calendars.get("*"))
        rows = changes[row["ticket_id"]]
        ticket = Ticket(
            source_name=SOURCE,
            source_ticket_id=row["ticket_id"],
            status=row["status"],
            created_at=moment(row["created_at"]),
            updated_at=moment(row["updated_at"]),
            priority=row["priority"],
            queue_name=row["group_name"],
            channel_raw=row["channel"],
            changes=[_change(one) for one in rows],
            comments=[_comment(one) for one in rows if one["field"] == "comment"],
            calendars=[CalendarStay(calendar)],
            categories=categories,
        )
        ticket.targets = seed_targets(ticket, policies, BUSINESS_ZONE)
        found.append(ticket)
    return found


def _change(row: Row) -> Change:
    """Return a row of the change log."""
    return Change(
        row["field"],
        row["new_value"],
        moment(row["changed_at"]),
        row["author_id"],
        row["old_value"],
    )


def _comment(row: Row) -> Comment:
    """Return a comment, which the help desk keeps among the changes."""
    return Comment(
        f"{SOURCE}/{row['change_id']}",
        moment(row["changed_at"]),
        row["author_type"].lower(),
        bool(row["is_public"]),
        row["author_id"],
    )


def as_of(world: Path) -> datetime:
    """Return a moment after all that the help desk wrote."""
    last = max(
        moment(row["exported_at"])
        for pattern, key in (
            ("tickets_*.jsonl.gz", "ticket_id"),
            ("ticket_changes_*.jsonl.gz", "change_id"),
        )
        for row in latest_rows(world, pattern, key)
    )
    return last + timedelta(hours=1)
