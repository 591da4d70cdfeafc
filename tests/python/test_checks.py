"""Freshness and volume: what counts as a source that is alive."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import psycopg
import pytest

from orchestration import checks
from orchestration.load import warehouse
from orchestration.raw.sources import SOURCES

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def days(counts: dict[int, int]) -> dict[str, int]:
    """Return rows per day, days counted back from today."""
    return {(NOW - timedelta(days=n)).date().isoformat(): c for n, c in counts.items()}


@pytest.mark.parametrize(
    ("hours_ago", "fresh_hours", "passes"),
    [(1, 24, True), (24, 24, True), (25, 24, False), (1000, None, True)],
)
def test_freshness(hours_ago: int, fresh_hours: int | None, passes: bool) -> None:
    """A table is fresh within its source's rhythm."""
    last = NOW - timedelta(hours=hours_ago)
    assert checks.freshness(last, fresh_hours, NOW)[0] is passes


def test_a_source_that_is_not_there_is_no_alarm() -> None:
    """An empty raw table is nobody's fault."""
    assert checks.freshness(None, 1, NOW) == (True, "nothing has landed yet")


@pytest.mark.parametrize(
    ("yesterday", "passes"),
    [(100, True), (25, True), (24, False), (401, False), (0, False)],
)
def test_volume_is_compared_with_the_median(yesterday: int, passes: bool) -> None:
    """A fourth and four times the usual are the bounds."""
    history = {back: 100 for back in range(2, 12)} | {5: 10_000, 1: yesterday}
    assert checks.volume(days(history), NOW)[0] is passes


def test_few_days_prove_nothing() -> None:
    """A new source has no usual volume yet."""
    assert checks.volume(days({2: 100, 3: 100, 1: 1}), NOW)[0]


def test_checks_read_the_batches(
    fresh_dsn: Callable[[], str], use_dsn: Callable[[str], None]
) -> None:
    """Each raw table gets both answers, in one step."""
    address = fresh_dsn()
    use_dsn(address)
    with psycopg.connect(address) as connection:
        warehouse.ensure_raw(connection, SOURCES.values())
        connection.execute(
            "insert into frontdesk.batches (source_name, table_name, file_name,"
            " content_sha256, row_count, unreadable_count, loaded_at)"
            " select 'phone', 'calls', 'x', n::text, 100, 0,"
            " now() - n * interval '1 day'"
            " from generate_series(3, 20) as n"
        )
    found = answers()
    tables = sum(len(source.tables) for source in SOURCES.values())
    assert len(found) == 2 * tables
    failed = {name for name, passed in found.items() if not passed}
    assert failed == {"raw/phone/calls:is_fresh", "raw/phone/calls:volume_is_usual"}


def answers() -> dict[str, bool]:
    """Run the step and return each check and whether it passed."""
    (definition,) = checks.make_source_checks(SOURCES.values())
    result: Any = (
        dg.Definitions(
            asset_checks=[definition],
            jobs=[dg.define_asset_job("watch", dg.AssetSelection.all_asset_checks())],
        )
        .resolve_job_def("watch")
        .execute_in_process()
    )
    return {
        f"{check.asset_key.to_user_string()}:{check.check_name}": check.passed
        for check in result.get_asset_check_evaluations()
    }
