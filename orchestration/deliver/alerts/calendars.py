"""Calendars of silence: windows of local time in which nobody is told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.deliver.alerts.rules import Reader, words
from orchestration.settings import UserError

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """A span of local time on some days of the week."""

    weekdays: frozenset[int]
    starts_at: int
    """Minutes after midnight."""
    ends_at: int
    """Minutes after midnight; not after the start means the next day."""
    time_zone: str
    first_date: date | None
    last_date: date | None

    def is_open(self, now: datetime) -> bool:
        """Say whether a moment lies in the window."""
        local = now.astimezone(_zone(self.time_zone))
        days = [local.date()]
        if self.ends_at <= self.starts_at:
            days.append(local.date() - DAY)
        return any(self._holds(day, now) for day in days)

    def _holds(self, day: date, now: datetime) -> bool:
        if day.isoweekday() not in self.weekdays:
            return False
        if self.first_date and day < self.first_date:
            return False
        if self.last_date and day > self.last_date:
            return False
        until = self.ends_at + (1440 if self.ends_at <= self.starts_at else 0)
        return self._moment(day, self.starts_at) <= now < self._moment(day, until)

    def _moment(self, day: date, minutes: int) -> datetime:
        # a local time, so that a night of 23 or 25 hours is a night all the same
        day, minutes = day + DAY * (minutes // 1440), minutes % 1440
        clock = time(minutes // 60, minutes % 60, tzinfo=_zone(self.time_zone))
        return datetime.combine(day, clock)


Calendars = Mapping[str, tuple[Window, ...]]


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def is_muted(calendars: Calendars, name: str, now: datetime) -> bool:
    """Say whether a calendar asks for silence now."""
    return any(window.is_open(now) for window in calendars.get(name, ()))


def parse_calendars(
    rows: Collection[Mapping[str, Any]],
) -> tuple[dict[str, tuple[Window, ...]], dict[str, str]]:
    """Return the calendars that can be followed, and why the others cannot.

    A calendar of which a row cannot be read is refused whole: half a night of silence
    is worse than a rule that says so.
    """
    found: dict[str, list[Window]] = {}
    refused: dict[str, str] = {}
    for row in rows:
        name = str(row.get("calendar") or "(no name)")
        try:
            found.setdefault(name, []).append(_parse(row))
        except UserError as error:
            refused[name] = str(error)
    kept = {name: tuple(rows) for name, rows in found.items() if name not in refused}
    return kept, refused


def _parse(row: Mapping[str, Any]) -> Window:
    reader = Reader(f"calendar {row.get('calendar') or '(no name)'}", row)
    reader.name("calendar")
    days = words(reader.text("weekdays")) or tuple("1234567")
    if not set(days) <= set("1234567"):
        raise reader.refuse("weekdays", "numbers from 1 (Monday) to 7, | between them")
    zone = reader.text("time_zone", required=True)
    try:
        _zone(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise reader.refuse("time_zone", "a zone such as Asia/Shanghai") from error
    starts_at = _minutes(reader, "starts_at", 1439)
    ends_at = _minutes(reader, "ends_at", 1440)
    first, last = _date(reader, "first_date"), _date(reader, "last_date")
    if first and last and last < first:
        raise reader.refuse("last_date", "at or after first_date")
    return Window(frozenset(map(int, days)), starts_at, ends_at, zone, first, last)


def _minutes(reader: Reader, column: str, most: int) -> int:
    hours, sign, minutes = reader.text(column).partition(":")
    if sign and hours.isdigit() and minutes.isdigit() and len(minutes) == 2:
        found = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and found <= most:
            return found
    raise reader.refuse(column, f"a time from 00:00 to {most // 60:02}:{most % 60:02}")


def _date(reader: Reader, column: str) -> date | None:
    text = reader.text(column)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise reader.refuse(column, "a date such as 2026-01-31") from error
