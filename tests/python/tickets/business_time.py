"""Business time in plain Python: walks from day to day and counts what is open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MOMENT = datetime(2005, 1, 1, tzinfo=UTC)
LAST_MOMENT = datetime(2041, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES

Span = tuple[int, int]


@dataclass(frozen=True)
class Interval:
    """Weekly hours: minutes from Sunday 00:00 local, on days of validity."""

    start_minute: int
    end_minute: int
    valid_from: date | None = None
    valid_to: date | None = None

    def counts(self) -> bool:
        """Return whether it lies within a week and ends after it starts."""
        first, last = self.valid_from or date.min, self.valid_to or date.max
        return (
            0 <= self.start_minute < self.end_minute <= WEEK_MINUTES and first <= last
        )

    def holds_on(self, day: date) -> bool:
        """Return whether a local day lies within the validity."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)


@dataclass
class Calendar:
    """Hours of one place; short days (minutes of the local day) replace its hours."""

    zone: str | None
    weekly: Sequence[Interval]
    closed: frozenset[date] = frozenset()
    short: Mapping[date, Sequence[Span]] = field(default_factory=dict)
    known_days: dict[date, list[Span]] = field(default_factory=dict, repr=False)

    def is_known(self) -> bool:
        """Return whether it has open time at all; figures are null if not."""
        return self.zone is not None and any(one.counts() for one in self.weekly)

    def second(self, day: date, minute: int) -> int:
        """Return the UTC second at which the local clock shows a minute of a day.

        A minute shown twice is the later one. A minute that is skipped counts with
        the offset before the jump, which is the later reading too.
        """
        shown = datetime.combine(day, time()) + timedelta(minutes=minute)
        zone = ZoneInfo(self.zone)
        return max(
            whole_second(shown.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)
        )

    def minutes(self, day: date) -> list[Span]:
        """Return the open minutes of a local day."""
        if day in self.short:
            return merged(self.short[day])
        if day in self.closed:
            return []
        midnight = day.isoweekday() % 7 * DAY_MINUTES
        return merged(
            (
                max(one.start_minute - midnight, 0),
                min(one.end_minute - midnight, DAY_MINUTES),
            )
            for one in self.weekly
            if one.counts() and one.holds_on(day)
        )

    def seconds(self, day: date) -> list[Span]:
        """Return the open seconds of a local day, UTC; they never leave the day."""
        if day not in self.known_days:
            begins, ends = self.second(day, 0), self.second(day + DAY, 0)
            self.known_days[day] = merged(
                (
                    max(self.second(day, start), begins),
                    min(self.second(day, end), ends),
                )
                for start, end in self.minutes(day)
            )
        return self.known_days[day]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that overlap or touch as one, no empty ones."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def whole_second(moment: datetime) -> int:
    """Return the second of a moment, fractions cut."""
    return (moment.astimezone(UTC) - EPOCH) // timedelta(seconds=1)


def within_horizon(moment: datetime) -> bool:
    """Return whether open time is counted at a moment."""
    return FIRST_MOMENT <= moment <= LAST_MOMENT


def open_seconds(
    calendar: Calendar | None, start: datetime | None, end: datetime | None
) -> int | None:
    """Return the open seconds between two moments; None where nobody can know."""
    if calendar is None or not calendar.is_known() or start is None or end is None:
        return None
    if not (within_horizon(start) and within_horizon(end)):
        return None
    if end < start:
        return -open_seconds(calendar, end, start)
    first, last = whole_second(start), whole_second(end)
    total = 0
    day = start.astimezone(UTC).date() - 2 * DAY
    while day <= end.astimezone(UTC).date() + 2 * DAY:
        for opened, closed in calendar.seconds(day):
            total += max(min(closed, last) - max(opened, first), 0)
        day += DAY
    return total


def open_moment(
    calendar: Calendar | None, start: datetime | None, seconds: int | None
) -> datetime | None:
    """Return the first moment by which so many open seconds passed since the start.

    The start itself (its whole second) when that is none; None where nobody can know
    or the calendar is not open for so long.
    """
    if calendar is None or not calendar.is_known() or start is None or seconds is None:
        return None
    if not within_horizon(start):
        return None
    first, left = whole_second(start), seconds
    if left <= 0:
        return EPOCH + timedelta(seconds=first)
    day = start.astimezone(UTC).date() - 2 * DAY
    while day <= LAST_MOMENT.date() + DAY:
        for opened, closed in calendar.seconds(day):
            length = max(closed - max(opened, first), 0)
            if left <= length:
                reached = EPOCH + timedelta(seconds=max(opened, first) + left)
                return reached if within_horizon(reached) else None
            left -= length
        day += DAY
    return None
