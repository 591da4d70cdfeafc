"""Writes public holidays and make-up working days as a seed."""

import csv
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays

YEARS = range(2015, 2029)


def _chinese_days(year: int) -> list[tuple[str, str, str, str]]:
    """Return the days of a year that differ from the plain week, by decree."""
    rows = []
    day = date(year, 1, 1)
    while day.year == year:
        is_holiday, name = chinese_calendar.get_holiday_detail(day)
        works = not is_holiday
        if name or works != (day.isoweekday() < 6):
            label = name or "Make-up working day"
            rows.append((day.isoformat(), "CN", label, str(works).lower()))
        day += timedelta(days=1)
    return rows


def _plain_days(country: str, year: int) -> list[tuple[str, str, str, str]]:
    """Return the public holidays of a year by rule."""
    calendar = holidays.country_holidays(
        country, subdiv="ENG" if country == "GB" else None, years=year, language="en_US"
    )
    return [
        (day.isoformat(), country, name, "false")
        for day, name in sorted(calendar.items())
    ]


def write_holidays(path: Path) -> int:
    """Write the seed and return its row count.

    China's days come from the yearly decree; years it does not cover yet come from
    the rule, without make-up working days.
    """
    rows = []
    for year in YEARS:
        try:
            rows += _chinese_days(year)
        except NotImplementedError:
            rows += _plain_days("CN", year)
        rows += _plain_days("GB", year)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ("holiday_date", "country_code", "holiday_name", "is_working_day")
        )
        writer.writerows(rows)
    return len(rows)
