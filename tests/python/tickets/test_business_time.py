"""Open time in SQL is, to the second, what a walk from day to day counts."""

import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import jinja2
import psycopg
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings, strategies
from psycopg import sql

from orchestration.settings import ROOT
from orchestration.transform.project import dbt_project
from tests.python.tickets.business_time import (
    DAY,
    FIRST_MOMENT,
    LAST_MOMENT,
    WEEK_MINUTES,
    Calendar,
    Interval,
    open_moment,
    open_seconds,
)
from tests.python.warehouse import Warehouse

MODELS = (
    "int_calendar_hours__unioned",
    "int_calendar_days__unioned",
    "int_calendars__unioned",
    "int_calendar_problems__counted",
    "int_open_intervals__counted",
)
ZONES = (
    *("Asia/Shanghai", "Europe/London", "America/New_York", "UTC", "Asia/Kathmandu"),
    *("America/St_Johns", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia"),
    *("Africa/Casablanca", "Asia/Tehran", "Europe/Dublin", "Asia/Pyongyang"),
    *("America/Nuuk", "America/Caracas", "Pacific/Chatham", "Africa/Cairo"),
)
RAW = """
create schema if not exists raw_zendesk;
create table raw_zendesk.schedule (
    id bigint, name text, start_time integer, end_time integer, time_zone text,
    created_at timestamp, _fivetran_deleted boolean, _fivetran_synced timestamp
);
create table raw_zendesk.schedule_holiday (
    id bigint, schedule_id bigint, name text, start_date text, end_date text,
    _fivetran_deleted boolean, _fivetran_synced timestamp
)
"""
TABLES = (
    *("raw_zendesk.schedule", "raw_zendesk.schedule_holiday"),
    *("reference.seed_calendars", "reference.seed_calendar_hours"),
    *("reference.seed_calendar_days", "reference.seed_holidays"),
)
OFFICE = [(day * 1440 + 540, day * 1440 + 1020) for day in range(1, 6)]
SOON = datetime(2026, 1, 1)


@dataclass
class Schedule:
    """A calendar as an account states it: weekly minutes, holidays as text."""

    zone: str
    weekly: Sequence[tuple[int, int]]
    holidays: Sequence[tuple[str, str]] = ()

    def calendar(self) -> Calendar:
        """Return it for the reference, without the holidays that cannot be."""
        closed: set[date] = set()
        for start, end in self.holidays:
            try:
                first, last = date.fromisoformat(start), date.fromisoformat(end)
            except ValueError:
                continue
            closed.update(first + n * DAY for n in range((last - first).days + 1))
        return Calendar(
            self.zone, [Interval(*one) for one in self.weekly], frozenset(closed)
        )


@dataclass
class OwnCalendar:
    """A calendar of our own: hours per weekday, days that differ, a country's days."""

    zone: str
    hours: Sequence[tuple[int, int, int, date | None, date | None]]
    days: Sequence[tuple[date, str, int | None, int | None]] = ()
    country_days: Sequence[tuple[date, bool]] = field(default_factory=list)

    def weekly(self) -> list[Interval]:
        """Return its hours for the reference."""
        return [
            Interval(day % 7 * 1440 + opens, day % 7 * 1440 + closes, first, last)
            for day, opens, closes, first, last in self.hours
        ]

    def calendar(self) -> Calendar:
        """Return it for the reference: a working day at a weekend is a Monday."""
        closed: set[date] = set()
        short: dict[date, list[tuple[int, int]]] = {}
        for day, is_working in self.country_days:
            if any(day == other for other, *_ in self.days):
                continue
            if not is_working:
                closed.add(day)
            elif day.isoweekday() > 5:
                monday = [
                    (opens, closes)
                    for weekday, opens, closes, first, last in self.hours
                    if weekday == 1
                    and opens < closes
                    and (first or day) <= day <= (last or day)
                ]
                if monday:
                    short[day] = monday
        for day, kind, opens, closes in self.days:
            if kind == "closed":
                closed.add(day)
            elif opens < closes:
                short.setdefault(day, []).append((opens, closes))
        return Calendar(self.zone, self.weekly(), frozenset(closed), short)


def clock_text(minute: int | None) -> str | None:
    """Return a minute of the day as the lists write it."""
    return None if minute is None else f"{minute // 60:02}:{minute % 60:02}"


class Clock:
    """Calendars in one database, counted by the models' own SQL."""

    def __init__(self, warehouse: Warehouse, connection: psycopg.Connection) -> None:
        """Read what dbt wrote; what happens is undone when the connection closes."""
        self.warehouse = warehouse
        self.connection = connection
        folder = dbt_project().target_path / "compiled/frontdesk/models/cleaned/time"
        self.models = {
            name: (folder / f"{name}.sql").read_text(encoding="utf-8")
            for name in MODELS
        }
        seconds, moment = macro("open_seconds_at"), macro("open_moment_at")
        self.question = (
            "select reference.business_seconds(calendar_id, started_at, ended_at),"
            f" {seconds('calendar_id', 'ended_at')}"
            f" - {seconds('calendar_id', 'started_at')},"
            f" {moment('calendar_id', seconds('calendar_id', 'started_at') + '+ goal')}"
            " from unnest(%s::text[], %s::timestamptz[], %s::timestamptz[],"
            " %s::bigint[]) with ordinality"
            " as asked (calendar_id, started_at, ended_at, goal, position)"
            " order by position"
        )

    def put(self, calendars: Sequence[Schedule | OwnCalendar]) -> list[str]:
        """Count these calendars and no others; return their keys."""
        # what the last ones left, a failure too, is undone
        self.connection.rollback()
        execute = self.connection.execute
        execute(f"truncate {', '.join(TABLES)}")
        keys = []
        for number, calendar in enumerate(calendars, start=1):
            if isinstance(calendar, Schedule):
                keys.append(f"zendesk/{number}")
                self._put_schedule(number, calendar)
            else:
                keys.append(f"own{number}")
                self._put_own(f"own{number}", f"C{number}", calendar)
        for name, text in self.models.items():
            execute(f"truncate cleaned.{name}")
            execute(f"insert into cleaned.{name} {text}")
        execute("analyze cleaned.int_open_intervals__counted")
        return keys

    def _put_schedule(self, number: int, schedule: Schedule) -> None:
        for start, end in schedule.weekly or [(None, None)]:
            self.connection.execute(
                "insert into raw_zendesk.schedule values"
                " (%s, 'hours', %s, %s, %s, %s, false, %s)",
                (number, start, end, schedule.zone, SOON, SOON),
            )
        for place, (start, end) in enumerate(schedule.holidays):
            self.connection.execute(
                "insert into raw_zendesk.schedule_holiday values"
                " (%s, %s, 'holiday', %s, %s, false, %s)",
                (number * 1000 + place, number, start, end, SOON),
            )

    def _put_own(self, key: str, country: str, calendar: OwnCalendar) -> None:
        execute = self.connection.execute
        execute(
            "insert into reference.seed_calendars values (%s, 'own', %s, %s, false)",
            (key, calendar.zone, country),
        )
        for day, opens, closes, first, last in calendar.hours:
            execute(
                "insert into reference.seed_calendar_hours values"
                " (%s, %s, %s, %s, %s, %s)",
                (key, day, clock_text(opens), clock_text(closes), first, last),
            )
        for day, kind, opens, closes in calendar.days:
            execute(
                "insert into reference.seed_calendar_days values"
                " (%s, %s, %s, %s, %s, 'differs')",
                (key, day, kind, clock_text(opens), clock_text(closes)),
            )
        for day, is_working in calendar.country_days:
            execute(
                "insert into reference.seed_holidays values (%s, %s, 'day', %s)",
                (day, country, is_working),
            )

    def ask(
        self, questions: Sequence[tuple[str | None, datetime, datetime, int]]
    ) -> list[tuple[int | None, datetime | None]]:
        """Return the open seconds between two moments, and when a goal is reached."""
        columns = [list(column) for column in zip(*questions, strict=True)]
        rows = self.connection.execute(self.question, columns).fetchall()
        assert all(row[0] == row[1] for row in rows)
        return [(row[1], row[2]) for row in rows]

    def seconds(self, key: str | None, start: datetime, end: datetime) -> int | None:
        """Return the open seconds between two moments."""
        return self.ask([(key, start, end, 1)])[0][0]

    def problems(self) -> dict[str, set[str]]:
        """Return what is wrong with each calendar."""
        found: dict[str, set[str]] = {}
        for key, problem in self.connection.execute(
            "select calendar_id, problem from cleaned.int_calendar_problems__counted"
        ):
            found.setdefault(key, set()).add(problem)
        return found


def macro(name: str) -> Callable[..., str]:
    """Return a macro of ours as a function that writes SQL."""
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    environment = jinja2.Environment(autoescape=False)
    environment.globals["var"] = variables["vars"].__getitem__
    environment.globals["ref"] = lambda model: f"cleaned.{model}"
    folder = ROOT / "macros" / "time"
    for helper in ("calendar_start", "calendar_end", name):
        text = (folder / f"{helper}.sql").read_text(encoding="utf-8")
        written = getattr(environment.from_string(text).module, helper)
        environment.globals[helper] = written
    return written


def at(text: str) -> datetime:
    """Return a moment given in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Return a warehouse with open time and nothing else, for tests that undo."""
    return with_open_time(make_warehouse())


@pytest.fixture
def own_warehouse(make_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Return such a warehouse for one test alone."""
    return with_open_time(make_warehouse())


def with_open_time(warehouse: Warehouse) -> Warehouse:
    """Make the tables of an account, empty, and count the calendars."""
    with psycopg.connect(warehouse.dsn) as connection:
        connection.execute(RAW)
    count(warehouse, "--full-refresh")
    return warehouse


def count(warehouse: Warehouse, *options: str) -> None:
    """Let dbt count open time."""
    warehouse.dbt(
        *("run", "--select", "+int_open_intervals__counted", MODELS[3]), *options
    )


@pytest.fixture(scope="module")
def shared_clock(warehouse: Warehouse) -> Iterator[Clock]:
    """Return one clock for all examples; each puts its own calendars."""
    with psycopg.connect(warehouse.dsn, options="-c timezone=UTC") as connection:
        yield Clock(warehouse, connection)
        connection.rollback()


@pytest.fixture
def clock(shared_clock: Clock) -> Clock:
    """Return the clock, for tests that are run once."""
    return shared_clock


# --- whatever the calendar is ---------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def newest_rules() -> Iterator[None]:
    """Let Python read the rules of zones that it installed, not the machine's."""
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


@cache
def jumps(zone: str) -> list[datetime]:
    """Return the days on which the clock of a zone jumps."""
    found, day = [], FIRST_MOMENT
    while day < LAST_MOMENT:
        offsets = {
            moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in (day, day + DAY)
        }
        if len(offsets) > 1:
            found.append(day)
        day += DAY
    return found or [FIRST_MOMENT + 4000 * DAY]


@pytest.fixture(scope="module")
def zones(warehouse: Warehouse) -> list[str]:
    """Return the zones of which the database and Python have heard the same."""
    ours = {
        (zone, FIRST_MOMENT.date() + n * DAY): datetime.combine(
            FIRST_MOMENT.date() + n * DAY, datetime.min.time(), UTC
        )
        .astimezone(ZoneInfo(zone))
        .replace(tzinfo=None)
        for zone in ZONES
        for n in range((LAST_MOMENT - FIRST_MOMENT).days)
    }
    with psycopg.connect(warehouse.dsn) as connection:
        rows = connection.execute(
            "select zone, day::date, day at time zone zone from unnest(%s::text[])"
            " as zones (zone), generate_series(%s::timestamptz, %s::timestamptz"
            " - interval '1 day', interval '1 day') as days (day)",
            (list(ZONES), FIRST_MOMENT, LAST_MOMENT),
        )
        other = {zone for zone, day, shown in rows if ours[zone, day] != shown}
    # one of the two may be of an older year, but not for most of the world
    assert len(other) < 4, other
    return [zone for zone in ZONES if zone not in other]


minutes_of_week = strategies.integers(0, WEEK_MINUTES) | strategies.sampled_from(
    [*range(0, WEEK_MINUTES + 1, 720), *(day * 1440 + 120 for day in range(7))]
)
minutes_of_day = strategies.integers(0, 1440) | strategies.sampled_from(
    [0, 30, 60, 90, 120, 150, 180, 540, 1020, 1380, 1410, 1440]
)
lengths = strategies.one_of(
    strategies.integers(0, 120),
    strategies.integers(0, 4 * 86400),
    strategies.integers(0, 6 * 366 * 86400),
)


@strategies.composite
def days_near(draw: strategies.DrawFn, zone: str) -> date:
    """A day within weeks of a jump of the clock, seldom one in between."""
    anchor = draw(strategies.sampled_from(jumps(zone)))
    return anchor.date() + draw(strategies.integers(-9, 9)) * DAY


@strategies.composite
def schedules(draw: strategies.DrawFn, zones: Sequence[str]) -> Schedule:
    """A schedule with overlaps, hours that cannot be, and such holidays."""
    zone = draw(strategies.sampled_from(zones))
    weekly = draw(
        strategies.lists(
            strategies.tuples(minutes_of_week, minutes_of_week), max_size=8
        )
        | strategies.just(OFFICE)
    )
    holidays = []
    for first in draw(strategies.lists(days_near(zone), max_size=6)):
        last = first + draw(strategies.integers(-1, 8)) * DAY
        holidays.append((first.isoformat(), last.isoformat()))
    bad = strategies.sampled_from(
        ["soon", "", "2024-02-30", "2024-13-01", "0000-01-01"]
    )
    for text in draw(strategies.lists(bad, max_size=2)):
        holidays.append((text, "2024-12-31"))
    return Schedule(zone, weekly, holidays)


@strategies.composite
def own_calendars(draw: strategies.DrawFn, zones: Sequence[str]) -> OwnCalendar:
    """A calendar of our own with validities, short days and make-up days."""
    zone = draw(strategies.sampled_from(zones))
    maybe_day = strategies.none() | days_near(zone)
    hours = strategies.tuples(
        strategies.integers(1, 7), minutes_of_day, minutes_of_day, maybe_day, maybe_day
    )
    closed = strategies.tuples(
        days_near(zone),
        strategies.just("closed"),
        strategies.none(),
        strategies.none(),
    )
    short = strategies.tuples(
        days_near(zone), strategies.just("short"), minutes_of_day, minutes_of_day
    )
    days = draw(strategies.lists(closed | short, max_size=6))
    country = strategies.dictionaries(
        days_near(zone), strategies.booleans(), max_size=8
    )
    return OwnCalendar(
        zone,
        draw(strategies.lists(hours, max_size=9)),
        days,
        list(draw(country).items()),
    )


@strategies.composite
def questions(
    draw: strategies.DrawFn, key: str, zone: str
) -> tuple[str, datetime, datetime, int]:
    """An interval of any length, and a goal, more often than not near a jump."""
    near = draw(days_near(zone))
    start = datetime.combine(near, datetime.min.time(), UTC) + timedelta(
        seconds=draw(strategies.integers(-86400, 3 * 86400)),
        microseconds=draw(strategies.sampled_from([0, 0, 1, 500000, 999999])),
    )
    end = start + timedelta(
        seconds=draw(lengths),
        microseconds=draw(strategies.sampled_from([0, 1, 999999])),
    )
    return key, start, end, draw(lengths) + 1


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    # an example is small enough to read, and making it smaller takes minutes
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=strategies.data())
def test_any_interval_of_any_calendar_is_counted_alike(
    shared_clock: Clock, zones: list[str], data: strategies.DataObject
) -> None:
    """Zero differences, whatever the zone, the hours, the holidays and the length."""
    drawn = data.draw(
        strategies.lists(
            schedules(zones) | own_calendars(zones), min_size=1, max_size=3
        )
    )
    keys = shared_clock.put(drawn)
    asked = [
        (calendar, data.draw(questions(key, calendar.zone)))
        for key, calendar in zip(keys, drawn, strict=True)
        for _ in range(12)
    ]
    found = shared_clock.ask([question for _, question in asked])
    references = {id(calendar): calendar.calendar() for calendar in drawn}
    for (calendar, (_, start, end, goal)), answer in zip(asked, found, strict=True):
        reference = references[id(calendar)]
        assert answer == (
            open_seconds(reference, start, end),
            open_moment(reference, start, goal),
        ), (calendar, start, end, goal)


# --- what others get wrong ------------------------------------------------------------


def test_a_sunday_next_to_a_week_of_holidays_keeps_its_minutes(clock: Clock) -> None:
    """The closing ends with its last day, on whichever weekday that is."""
    every_day = [(day * 1440 + 600, day * 1440 + 660) for day in range(7)]
    holidays = [("2026-05-04", "2026-05-09")]
    (key,) = clock.put([Schedule("America/New_York", every_day, holidays)])
    week = clock.seconds(key, at("2026-05-03"), at("2026-05-11"))
    assert week == 2 * 3600
    assert clock.seconds(key, at("2026-05-03"), at("2026-05-04")) == 3600
    assert clock.seconds(key, at("2026-05-10"), at("2026-05-11")) == 3600


@pytest.mark.parametrize("first", range(22, 30))
def test_a_jump_of_the_clock_within_holidays_moves_nothing(
    clock: Clock, first: int
) -> None:
    """The hours after it are right, whichever days around it are closed."""
    holidays = [(f"2026-03-{first}", "2026-03-29")]
    around, plain = clock.put(
        [
            Schedule("Europe/London", [(0, WEEK_MINUTES)], holidays),
            Schedule("Europe/London", [(0, WEEK_MINUTES)]),
        ]
    )
    start, end = at("2026-03-15"), at("2026-04-15")
    closed = (29 - first) * 86400 + 23 * 3600
    assert clock.seconds(plain, start, end) == 31 * 86400
    assert clock.seconds(around, start, end) == 31 * 86400 - closed
    assert clock.seconds(around, at("2026-03-29 23:00"), at("2026-03-30")) == 3600


def test_an_hour_that_is_skipped_or_doubled_counts_as_the_clock_runs(
    clock: Clock,
) -> None:
    """A night shift is an hour shorter in spring and longer in autumn."""
    nights = [(1380, 2040), (9960, 10080), (0, 480)]
    (key,) = clock.put([Schedule("America/New_York", nights)])
    spring = clock.seconds(key, at("2026-03-08 00:00"), at("2026-03-08 20:00"))
    autumn = clock.seconds(key, at("2026-11-01 00:00"), at("2026-11-01 20:00"))
    plain = clock.seconds(key, at("2026-06-07 00:00"), at("2026-06-07 20:00"))
    assert (spring, plain, autumn) == (9 * 3600, 10 * 3600, 11 * 3600)


def test_hours_that_the_clock_skips_stay_within_their_day(clock: Clock) -> None:
    """Samoa had no 30 December 2011; in Greenland the last hour of a day is skipped."""
    samoa, greenland = clock.put(
        [
            Schedule("Samoa", [(5 * 1440 + 540, 5 * 1440 + 1020)]),
            Schedule(
                "Greenland",
                [(6 * 1440 + 1320, 6 * 1440 + 1410)],
                [("2026-03-29", "2026-03-29")],
            ),
        ]
    )
    friday = 8 * 3600
    assert clock.seconds(samoa, at("2011-12-22"), at("2011-12-29")) == friday
    assert clock.seconds(samoa, at("2011-12-29"), at("2012-01-05")) == 0
    assert clock.seconds(samoa, at("2012-01-05"), at("2012-01-12")) == friday
    # 22:00 to 23:30, of which 23:00 to 24:00 is skipped
    assert clock.seconds(greenland, at("2026-03-28"), at("2026-03-31")) == 3600


def test_an_interval_of_years_loses_nothing(clock: Clock) -> None:
    """Its parts add up to it, and each is what it is alone."""
    (key,) = clock.put(
        [Schedule("Asia/Shanghai", OFFICE, [("2024-02-10", "2024-02-17")])]
    )
    years = clock.seconds(key, at("2023-01-02"), at("2026-01-05"))
    # 157 weeks less five working days and a Saturday and Sunday that were closed anyway
    assert years == (157 * 5 - 5) * 8 * 3600
    days = [at("2023-01-02") + n * DAY for n in range(157 * 7 + 1)]
    parts = clock.ask([(key, start, start + DAY, 1) for start in days[:-1]])
    assert sum(seconds for seconds, _ in parts) == years


def test_sixty_stays_of_59_seconds_are_59_minutes(clock: Clock) -> None:
    """Nothing is rounded to minutes on the way."""
    (key,) = clock.put([Schedule("Asia/Shanghai", OFFICE)])
    start = at("2026-01-05 02:00:00.7")
    stays = [
        (
            key,
            start + n * timedelta(seconds=61),
            start + timedelta(seconds=61 * n + 59),
            1,
        )
        for n in range(60)
    ]
    assert sum(seconds for seconds, _ in clock.ask(stays)) == 59 * 60


def test_a_short_day_stands_in_for_its_weekday(clock: Clock) -> None:
    """Also where the weekday has no hours, or the day is a holiday."""
    hours = [(day, 540, 1020, None, None) for day in range(1, 6)]
    days = [
        (date(2026, 12, 24), "short", 540, 720),
        (date(2026, 12, 24), "short", 780, 840),
        (date(2026, 12, 25), "short", 600, 660),
        (date(2026, 12, 27), "short", 600, 605),
    ]
    holidays = [(date(2026, 12, 25), False), (date(2026, 12, 28), False)]
    (key,) = clock.put([OwnCalendar("Europe/London", hours, days, holidays)])
    found = [
        clock.seconds(key, at(f"2026-12-{day}"), at(f"2026-12-{day + 1}"))
        for day in range(23, 30)
    ]
    assert found == [8 * 3600, 4 * 3600, 3600, 0, 300, 0, 8 * 3600]


def test_a_make_up_working_day_is_a_monday(clock: Clock) -> None:
    """A Sunday that is worked has the hours of Mondays, a worked Wednesday its own."""
    hours = [(1, 480, 1200, None, None), (3, 540, 1020, None, None)]
    country = [(date(2026, 2, 15), True), (date(2026, 2, 18), True)]
    (key,) = clock.put([OwnCalendar("Asia/Shanghai", hours, (), country)])
    week = [at(f"2026-02-{day}") - timedelta(hours=8) for day in range(15, 20)]
    found = [clock.seconds(key, day, day + DAY) for day in week]
    assert found == [12 * 3600, 12 * 3600, 0, 8 * 3600, 0]


def test_where_nobody_knows_the_answer_is_null(clock: Clock) -> None:
    """No calendar, none that can be counted, or days that are not counted."""
    known, nowhere, empty, backwards = clock.put(
        [
            Schedule("London", OFFICE),
            Schedule("Atlantis", OFFICE),
            Schedule("Europe/London", []),
            Schedule("Europe/London", [(600, 540)]),
        ]
    )
    monday, tuesday = at("2026-01-05"), at("2026-01-06")
    assert clock.seconds(known, monday, tuesday) == 8 * 3600
    for key in (None, "zendesk/99", nowhere, empty, backwards):
        assert clock.ask([(key, monday, tuesday, 60)]) == [(None, None)]
    second = timedelta(seconds=1)
    whole = clock.seconds(known, FIRST_MOMENT, LAST_MOMENT)
    assert whole > 9000 * 8 * 3600
    assert clock.seconds(known, FIRST_MOMENT - second, tuesday) is None
    assert clock.seconds(known, monday, LAST_MOMENT + second) is None
    assert clock.ask([(known, monday, tuesday, whole)])[0][1] is None
    assert clock.problems() == {
        nowhere: {"unknown_zone"},
        empty: {"no_intervals"},
        backwards: {"no_intervals", "interval_end_before_start"},
    }


def test_a_calendar_that_is_never_open_has_counted_nothing(clock: Clock) -> None:
    """That is known, so it is zero; hours that came later are counted from then on."""
    never, later = clock.put(
        [
            Schedule("UTC", [(1980, 2460)], [("2000-01-01", "2050-01-01")]),
            OwnCalendar("UTC", [(1, 540, 1020, date(2026, 1, 5), None)]),
        ]
    )
    assert clock.ask([(never, at("2026-01-01"), at("2027-01-01"), 1)]) == [(0, None)]
    before = (later, at("2020-01-01"), at("2026-01-05 09:00:01"), 3600)
    assert clock.ask([before]) == [(1, at("2026-01-05 10:00"))]
    macros = macro("open_moment_at")
    for goal, moment in ((0, FIRST_MOMENT), (-1, None), (None, None)):
        answer = clock.connection.execute(f"select {macros('%s', '%s')}", (later, goal))
        assert answer.fetchone()[0] == moment


def test_every_zone_of_the_list_is_known_to_the_database_and_to_python(
    clock: Clock,
) -> None:
    """A city must not lead to a zone that nobody keeps."""
    rows = clock.connection.execute(
        "select zone_names.time_zone_name, database.name is not null"
        " from reference.seed_time_zone_names as zone_names"
        " left join pg_timezone_names as database"
        " on database.name = zone_names.time_zone_name"
    ).fetchall()
    assert len(rows) > 150
    unknown = {zone for zone, is_known in rows if not is_known}
    assert (
        unknown | ({zone for zone, _ in rows} - zoneinfo.available_timezones()) == set()
    )


# --- what a build costs and leaves ----------------------------------------------------


def state(warehouse: Warehouse, table: str) -> dict[str, int]:
    """Return when each calendar of a table was last written."""
    frame = warehouse.frame(
        sql.SQL(
            "select calendar_id, max(changed_xid::text::bigint) as changed"
            " from cleaned.{} group by calendar_id"
        ).format(sql.Identifier(table))
    )
    return dict(zip(frame["calendar_id"], frame["changed"], strict=True))


def test_only_a_calendar_that_changed_is_written(own_warehouse: Warehouse) -> None:
    """Others keep their rows; what went is gone; a full refresh finds the same."""
    with psycopg.connect(own_warehouse.dsn, autocommit=True) as connection:
        new = (
            "insert into raw_zendesk.schedule values"
            " (%s, 'a', %s, %s, 'Beijing', %s, false, %s)"
        )
        for number in (1, 2, 3):
            for start, end in OFFICE:
                connection.execute(new, (number, start, end, SOON, SOON))
        count(own_warehouse)
        before = {name: state(own_warehouse, name) for name in (MODELS[2], MODELS[4])}
        count(own_warehouse)
        assert before == {
            name: state(own_warehouse, name) for name in (MODELS[2], MODELS[4])
        }
        connection.execute(
            "insert into raw_zendesk.schedule_holiday values"
            " (1, 1, 'new', '2026-05-01', '2026-05-02', false, %s)",
            (SOON,),
        )
        connection.execute("update raw_zendesk.schedule set name = 'b' where id = 2")
        connection.execute("delete from raw_zendesk.schedule where id = 3")
        count(own_warehouse)
    for name, written in before.items():
        now = state(own_warehouse, name)
        assert set(written) - set(now) == {"zendesk/3"}
        assert {key for key in now if now[key] != written[key]} == {"zendesk/1"}
    built = own_warehouse.contents()
    count(own_warehouse, "--full-refresh")
    assert own_warehouse.contents() == built
    # the function for people was made by the first build and outlived the last
    question = "select reference.business_seconds('zendesk/1', %s, %s)"
    week = own_warehouse.value(question, at("2026-04-27"), at("2026-05-04"))
    assert week == 4 * 8 * 3600


def test_postgres_15_counts_alike(postgres15_dsn: str, zones: list[str]) -> None:
    """The oldest server we promise gives the same answers."""
    warehouse = Warehouse(postgres15_dsn)
    warehouse.dbt("seed")
    with_open_time(warehouse)
    schedule = Schedule("Australia/Lord_Howe", OFFICE, [("2026-04-04", "2026-04-07")])
    with psycopg.connect(postgres15_dsn, options="-c timezone=UTC") as connection:
        clock = Clock(warehouse, connection)
        (key,) = clock.put([schedule])
        start, end = at("2026-03-01 01:02:03"), at("2027-04-05 06:07:08")
        reference = schedule.calendar()
        assert clock.ask([(key, start, end, 10**6)]) == [
            (open_seconds(reference, start, end), open_moment(reference, start, 10**6))
        ]
        connection.rollback()
