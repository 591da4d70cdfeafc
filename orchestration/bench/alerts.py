"""What one look of the alert engine costs, and how soon a notice follows an event.

Series wait, calm down and fire by turns, as a set: at first all are new, then every
value moves, then all of them fire at once, then all are over. CPU is that of this
process and of the server together.
"""

import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from orchestration.bench import cpu
from orchestration.bench.ranks import quantile
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.database import connections
from orchestration.deliver.alerts.engine import Engine
from orchestration.deliver.alerts.outbox import CHANNEL
from orchestration.deliver.alerts.rulebook import COLUMNS
from orchestration.deliver.alerts.running import LIVE, Runner
from orchestration.deliver.alerts.schema import ensure_alerts
from orchestration.settings import settings

DATABASE = "frontdesk_bench_alerts"
LOOKS = 20
TARGET_SECONDS = 1.0
RULES = (
    ("live_longest_wait_seconds", "", 300, 240),
    ("live_waiting_count", "", 60, 50),
    ("live_abandonment_rate", "30", 0.5, 0.4),
    ("live_response_over_300_seconds_rate", "30", 0.5, 0.4),
    ("live_arrival_count", "15", 900, 800),
)
TABLES = """
create schema live;
create table live.queues_now (
    channel text, queue_name text, waiting_count bigint, waiting_since timestamptz,
    oldest_contact_id text
);
create table live.minutes (
    channel text, queue_name text, minute timestamptz, arrivals bigint,
    responded bigint, first_response_within_300_seconds_count bigint, abandoned bigint,
    primary key (channel, queue_name, minute)
);
create index minutes_minute on live.minutes (minute);
"""
FILL = """
insert into live.queues_now
select 'c' || n %% 20, 'q' || n, 5, %(now)s, 'x' || n
from generate_series(1, %(queues)s) as n;
insert into live.minutes
select
    'c' || n %% 20, 'q' || n,
    date_trunc('minute', %(now)s) - m * interval '1 minute', 10, 8, 7, 1
from generate_series(1, %(queues)s) as n, generate_series(0, 59) as m
"""
MOVE = """
update live.queues_now
set
    waiting_since = %(now)s - make_interval(secs => %(wait)s + random() * 50),
    waiting_count = %(count)s + (random() * 9)::integer
"""
MOVE_MINUTES = """
update live.minutes
set
    arrivals = %(arrivals)s + (random() * 5)::integer,
    abandoned = %(abandoned)s,
    first_response_within_300_seconds_count = 8 - %(late)s
where minute > %(now)s - interval '30 minutes'
"""


def run(series: int, events: int, console: Console) -> None:
    """Measure looks at so many series, then the way from event to notice."""
    queues = max(series // len(RULES), 1)
    with (
        scratch(DATABASE) as (address, _),
        pointed_at(address),
        tempfile.TemporaryDirectory() as folder,
    ):
        seeds = Path(folder)
        _write_rules(seeds)
        with connections.connect(address, autocommit=True) as conn:
            conn.execute(TABLES)
            with conn.cursor() as cursor:
                for statement in FILL.split(";"):
                    cursor.execute(
                        statement, {"queues": queues, "now": datetime.now(UTC)}
                    )
            conn.execute("analyze live.queues_now, live.minutes")
            ensure_alerts(conn)
            rows = list(_looks(conn, seeds))
            console.print(_table(rows, queues * len(RULES)))
            seconds = _latencies(conn, address, seeds, events)
        console.print(
            f"event to notice in the outbox, {len(seconds)} events:"
            f" p50 {quantile(seconds, 0.5) * 1000:.0f} ms,"
            f" p95 {quantile(seconds, 0.95) * 1000:.0f} ms"
        )
    slowest = max(row[3] for row in rows)
    verdict = "kept" if slowest < TARGET_SECONDS else "MISSED"
    console.print(f"under {TARGET_SECONDS:.0f} CPU second a look: {verdict}")


def _write_rules(seeds: Path) -> None:
    """Write the lists that the engine goes by in the benchmark."""
    project = settings().root / "seeds"
    shutil.copy(project / "seed_metrics.csv", seeds)
    (seeds / "seed_alert_routes.csv").write_text(
        "route,title,sender,receiver,language,next_route,next_after_seconds,is_enabled\n"
        "bench,Bench,webhook,,en,,,true\n"
    )
    (seeds / "seed_alert_calendars.csv").write_text(
        "calendar,weekdays,starts_at,ends_at,time_zone,first_date,last_date\n"
    )
    lines = [",".join(COLUMNS)]
    for measure, window, fire, clear in RULES:
        row = dict.fromkeys(COLUMNS, "") | {
            "rule_name": f"over_{measure}",
            "title_en": measure,
            "kind": "threshold",
            "measure": measure,
            "series_by": "channel|queue_name",
            "window_minutes": window,
            "comparison": "above",
            "fire_limit": str(fire),
            "clear_limit": str(clear),
            "owner": "bench",
            "routes": "bench",
            "group_by": "channel",
            "group_seconds": "1",
        }
        lines.append(",".join(row.values()))
    (seeds / "seed_alert_rules.csv").write_text("\n".join(lines) + "\n")


def _looks(
    conn: psycopg.Connection, seeds: Path
) -> Iterator[tuple[str, int, float, float, int]]:
    """Yield name, looks, median and highest CPU seconds, and notices of each turn."""
    engine = Engine("bench", seeds)
    clock = cpu.server_clock(conn)
    now = datetime.now(UTC)

    def turn(name: str, looks: int, **values: float) -> tuple:
        nonlocal now
        spent, notices = [], 0
        for _ in range(looks):
            now += timedelta(seconds=6)
            if values:
                conn.execute(MOVE, {**values, "now": now})
                conn.execute(MOVE_MINUTES, {**values, "now": now})
            before, own = clock.seconds() if clock else 0.0, time.process_time()
            notices += engine.evaluate(conn, now).notice_count
            # a session's CPU is counted in hundredths of a second: looks add up
            spent.append(
                time.process_time()
                - own
                + ((clock.seconds() - before) if clock else 0.0)
            )
        return name, looks, statistics.fmean(spent), max(spent), notices

    calm = {"wait": 10, "count": 5, "arrivals": 10, "abandoned": 0, "late": 0}
    storm = {"wait": 600, "count": 70, "arrivals": 99, "abandoned": 90, "late": 8}
    yield turn("first look, every series is new", 1, **calm)
    yield turn("nothing moved", LOOKS)
    yield turn("every value moved", LOOKS, **calm)
    yield turn("all fire at once", 1, **storm)
    yield turn("all are firing, every value moves", LOOKS, **storm)
    yield turn("all are over at once", 1, **calm)


def _table(rows: list[tuple[str, int, float, float, int]], series: int) -> Table:
    table = Table(title=f"one look at {series:,} series, CPU seconds")
    for column in ("turn", "looks", "mean", "highest", "notices"):
        table.add_column(column, justify="left" if column == "turn" else "right")
    for name, looks, mean, highest, notices in rows:
        table.add_row(name, str(looks), f"{mean:.3f}", f"{highest:.3f}", str(notices))
    return table


@contextmanager
def _running(address: str, seeds: Path) -> Iterator[Runner]:
    """Run an engine process' work in a thread."""
    runner = Runner(address, seeds=seeds)
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    try:
        yield runner
    finally:
        runner.stop()
        thread.join(timeout=15)


def _latencies(
    conn: psycopg.Connection, address: str, seeds: Path, events: int
) -> list[float]:
    """Return how long after a commit its notice stood in the outbox."""
    conn.execute("delete from live.minutes")
    conn.execute("update live.queues_now set waiting_since = null, waiting_count = 0")
    found: list[float] = []
    with (
        _running(address, seeds) as runner,
        connections.connect(address, autocommit=True) as ear,
    ):
        ear.execute(f"listen {CHANNEL}")
        while not runner.evaluations:
            time.sleep(0.05)
        time.sleep(1)
        for _ in ear.notifies(timeout=0.1):
            pass
        for number in range(1, events + 1):
            # a channel each: an incident that has not been told of before
            began = time.monotonic()
            with conn.transaction():
                conn.execute(
                    "insert into live.queues_now"
                    " values (%s, 'new', 5, now() - interval '400 seconds', 'x')",
                    [f"event{number}"],
                )
                conn.execute("select pg_notify(%s, 'phone')", [LIVE])
            for _ in ear.notifies(timeout=10, stop_after=1):
                found.append(time.monotonic() - began)
            time.sleep(0.4)
    return found
