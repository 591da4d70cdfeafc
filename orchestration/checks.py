"""Are the sources alive: when each raw table last landed, and how much of it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

import dagster as dg

from orchestration.database import connections
from orchestration.raw.sources import Source

HISTORY_DAYS = 28
LEAST_DAYS = 7
FACTOR = 4
"""Volume is unusual below a fourth and above four times the trailing median."""

# the batches tell both, so the raw tables need not be read
LANDED = """
select
    source_name,
    table_name,
    max(loaded_at) as last_landed_at,
    coalesce(
        jsonb_object_agg(landed_on, row_count) filter (where landed_on is not null),
        '{}'
    ) as rows_per_day
from (
    select
        source_name,
        table_name,
        (loaded_at at time zone 'UTC')::date as landed_on,
        max(loaded_at) as loaded_at,
        sum(row_count)::bigint as row_count
    from frontdesk.batches
    group by source_name, table_name, (loaded_at at time zone 'UTC')::date
) as days
group by source_name, table_name
"""


def freshness(
    last: datetime | None, fresh_hours: int | None, now: datetime
) -> tuple[bool, str]:
    """Return whether a table is fresh enough, and a sentence that says so."""
    if last is None:
        return True, "nothing has landed yet"
    age = (now - last) / timedelta(hours=1)
    said = f"last landed {age:.1f} hours ago"
    if fresh_hours is None:
        return True, f"{said}; no rhythm is expected"
    return age <= fresh_hours, f"{said}; expected every {fresh_hours} hours"


def volume(rows_per_day: dict[str, int], now: datetime) -> tuple[bool, str]:
    """Return whether yesterday's rows were usual, and a sentence that says so."""
    yesterday = (now - timedelta(days=1)).date()
    earlier = [
        (yesterday - timedelta(days=back)).isoformat()
        for back in range(1, HISTORY_DAYS + 1)
    ]
    history = [rows_per_day[day] for day in earlier if rows_per_day.get(day)]
    landed = rows_per_day.get(yesterday.isoformat(), 0)
    if len(history) < LEAST_DAYS:
        return True, f"{landed} rows yesterday; too few earlier days to compare"
    usual = median(history)
    said = f"{landed} rows yesterday; the median of the days before is {usual:.0f}"
    return usual / FACTOR <= landed <= usual * FACTOR, said


def make_source_checks(sources: Iterable[Source]) -> list[dg.AssetChecksDefinition]:
    """Return one step that checks freshness and volume of every raw table."""
    watched = {
        dg.AssetKey(["raw", source.name, table.name]): source.freshness_hours
        for source in sources
        for table in source.tables
    }
    specs = [
        dg.AssetCheckSpec(name, asset=key, description=description)
        for key in watched
        for name, description in (
            ("is_fresh", "The newest batch is no older than the source's rhythm."),
            ("volume_is_usual", "Yesterday's rows are near the trailing median."),
        )
    ]

    @dg.multi_asset_check(name="sources_are_alive", specs=specs)
    def sources_are_alive() -> Iterator[dg.AssetCheckResult]:
        with connections.connect() as connection:
            landed = {
                dg.AssetKey(["raw", row[0], row[1]]): (row[2], row[3])
                for row in connection.execute(LANDED).fetchall()
            }
        now = datetime.now(UTC)
        for key, fresh_hours in watched.items():
            last, days = landed.get(key, (None, {}))
            answers = {
                "is_fresh": freshness(last, fresh_hours, now),
                "volume_is_usual": volume(days, now),
            }
            for name, (passed, said) in answers.items():
                yield dg.AssetCheckResult(
                    asset_key=key,
                    check_name=name,
                    passed=passed,
                    # a quiet source is a question to its owner, not a wrong number
                    severity=dg.AssetCheckSeverity.WARN,
                    description=said,
                )

    return [sources_are_alive]
