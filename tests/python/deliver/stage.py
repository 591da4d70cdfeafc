"""A stage for the alert engine: made-up live tables, rules of a test, a clock."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from orchestration.deliver.alerts.engine import Engine, Evaluation
from orchestration.deliver.alerts.schema import ensure_alerts
from orchestration.settings import ROOT

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""A Monday, noon in Shanghai."""
TABLES = """
create schema live;
create table live.queues_now (
    channel text, queue_name text, waiting_count bigint, waiting_since timestamptz,
    oldest_contact_id text, in_progress_count bigint default 0,
    unanswered_count bigint default 0, unanswered_since timestamptz
);
create table live.minutes (
    channel text, queue_name text, minute timestamptz, arrivals bigint default 0,
    responded bigint default 0, first_response_seconds_sum bigint default 0,
    first_response_within_60_seconds_count bigint default 0,
    first_response_within_300_seconds_count bigint default 0,
    first_response_within_1800_seconds_count bigint default 0,
    first_response_within_3600_seconds_count bigint default 0,
    within_target bigint default 0, abandoned bigint default 0,
    short_abandoned bigint default 0
);
create table live.feeds (
    source_name text, table_name text, channel text, last_landed_at timestamptz,
    limit_seconds bigint
);
create table live.agents_now (
    site_code text, team_name text, team_kind text, available_count bigint,
    busy_count bigint, away_count bigint
);
"""
RULE = {
    "rule_name": "long_wait",
    "title_en": "Long wait",
    "title_zh": "等待过长",
    "kind": "threshold",
    "measure": "live_longest_wait_seconds",
    "series_by": "channel|queue_name",
    "scope": "",
    "window_minutes": "",
    "comparison": "above",
    "fire_limit": "300",
    "clear_limit": "240",
    "for_seconds": "0",
    "keep_seconds": "0",
    "minimum_sample": "1",
    "severity": "critical",
    "owner": "floor",
    "routes": "floor",
    "group_by": "channel|queue_name",
    "group_seconds": "60",
    "repeat_seconds": "0",
    "muted_by": "",
    "mute_calendar": "",
    "on_no_data": "quiet",
    "runbook": "",
    "is_enabled": "true",
}
ROUTES = [
    ("floor", "Floor", "webhook", "", "zh", "managers", "900", "true"),
    ("managers", "Managers", "email", "boss@example.org", "en", "head", "600", "true"),
    ("head", "Head", "webhook", "", "en", "", "", "true"),
    ("asleep", "Asleep", "webhook", "", "en", "", "", "false"),
]
ROUTE_COLUMNS = (
    *("route", "title", "sender", "receiver", "language", "next_route"),
    *("next_after_seconds", "is_enabled"),
)
CALENDARS = [
    ("nights", "1|2|3|4|5|6|7", "22:00", "08:00", "Asia/Shanghai", "", "", ""),
    ("lunch", "1|2|3|4|5", "12:00", "13:00", "Asia/Shanghai", "", "", ""),
]
CALENDAR_COLUMNS = (
    *("calendar", "weekdays", "starts_at", "ends_at", "time_zone", "first_date"),
    *("last_date", "description"),
)


def write_list(
    path: Path, rows: list[Mapping[str, str]], columns: Sequence[str]
) -> None:
    """Write a list of the project."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


class Stage:
    """One database, rules and a clock that only the test moves."""

    def __init__(self, address: str, folder: Path) -> None:
        """Set the stage with no rule on it."""
        self.address, self.folder = address, folder
        self.conn = psycopg.connect(address, autocommit=True)
        self.conn.execute(TABLES)
        ensure_alerts(self.conn)
        self.now = NOON
        self.rows: list[dict[str, str]] = []
        shutil.copy(ROOT / "seeds" / "seed_metrics.csv", folder)
        write_list(
            folder / "seed_alert_routes.csv",
            [dict(zip(ROUTE_COLUMNS, row, strict=True)) for row in ROUTES],
            ROUTE_COLUMNS,
        )
        write_list(
            folder / "seed_alert_calendars.csv",
            [dict(zip(CALENDAR_COLUMNS, row, strict=True)) for row in CALENDARS],
            CALENDAR_COLUMNS,
        )
        self.engine = Engine("stage", folder)
        self.rules()

    def rules(self, *given: Mapping[str, object]) -> None:
        """Put rules in force: what each differs in from a plain one."""
        self.rows = [
            {**RULE, **{name: str(value) for name, value in one.items()}}
            for one in given
        ]
        write_list(self.folder / "seed_alert_rules.csv", self.rows, list(RULE))
        self.engine.forget()

    def wait(
        self,
        seconds: float | None,
        queue: str = "orders",
        channel: str = "phone",
        count: int = 3,
    ) -> None:
        """Let the longest wait of a queue be so long now; None when nobody waits."""
        self.conn.execute(
            "delete from live.queues_now where channel = %s and queue_name = %s",
            [channel, queue],
        )
        if seconds is not None:
            self.conn.execute(
                "insert into live.queues_now (channel, queue_name, waiting_count,"
                " waiting_since, oldest_contact_id) values (%s, %s, %s, %s, 'c-1')",
                [channel, queue, count, self.now - timedelta(seconds=seconds)],
            )

    def look(self, after: float = 5) -> Evaluation:
        """Let the clock go on and look."""
        self.now += timedelta(seconds=after)
        return self.engine.evaluate(self.conn, self.now)

    def hold(self, seconds: float | None, lasting: float, step: float = 5) -> None:
        """Look again and again at a queue that waits so long."""
        until = self.now + timedelta(seconds=lasting)
        while self.now < until:
            self.now += timedelta(seconds=step)
            self.wait(seconds)
            self.engine.evaluate(self.conn, self.now)

    def see(
        self, seconds: float | None, after: float = 5, **which: object
    ) -> Evaluation:
        """Let the clock go on, set a queue's wait, and look."""
        self.now += timedelta(seconds=after)
        self.wait(seconds, **which)
        return self.engine.evaluate(self.conn, self.now)

    def states(self) -> dict[str, str]:
        """Return the state of each series by rule and labels."""
        return {
            f"{rule} {' '.join(map(str, labels.values()))}".strip(): state
            for rule, labels, state in self.conn.execute(
                "select rule_name, labels, state from alerts.series"
            ).fetchall()
        }

    def state(self) -> str:
        """Return the state of the only series."""
        (found,) = self.states().values()
        return found

    def told(self) -> list[tuple[str, str]]:
        """Return kind and route of every notice, in their order."""
        return self.conn.execute(
            "select kind, route from alerts.notifications order by notification_id"
        ).fetchall()

    def payloads(self, kind: str) -> list[dict[str, Any]]:
        """Return what the notices of one kind say."""
        rows = self.conn.execute(
            "select payload from alerts.notifications where kind = %s"
            " order by notification_id",
            [kind],
        ).fetchall()
        return [row[0] for row in rows]
