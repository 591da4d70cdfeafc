"""How long after it landed a contact stands in the KPI marts, while more arrive.

A sample world is landed and built; copies of its contacts, moved back in time, make
the history larger. Then `frontdesk serve` runs beside a process that lands whole
contacts of the world as if they began now, so many raw rows a second. Lag is measured
from the commit of a batch of rows to the end of the refresh that read it.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table as Printed

from orchestration.bench import steps
from orchestration.bench.cpu import server_clock
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.bench.traffic import Feed, emit, make_feeds
from orchestration.raw.sources import SOURCES
from orchestration.settings import UserError

DATABASE = "frontdesk_bench_live"
START = date(2026, 1, 5)
SETTLED_SECONDS = 5.0
"""The first refresh may be followed by a second, which keeps the pace."""
TICKS = os.sysconf("SC_CLK_TCK")

LAGS = """
select
    batches.row_count,
    extract(epoch from min(refreshes.ended_at) - batches.landed_at)::float8
from unnest(%s::bigint[], %s::timestamptz[], %s::xid8[])
    as batches (row_count, landed_at, landed_xid)
left join frontdesk.refreshes as refreshes
    on
        refreshes.lane = 'minute'
        and refreshes.succeeded
        and pg_visible_in_snapshot(batches.landed_xid, refreshes.read_snapshot)
group by batches.row_count, batches.landed_at, batches.landed_xid
"""
CYCLES = """
select
    lane,
    count(*),
    sum(row_count)::bigint,
    avg(extract(epoch from ended_at - started_at))::float8,
    max(extract(epoch from ended_at - started_at))::float8,
    sum(model_count)::bigint,
    count(*) filter (where not succeeded)
from frontdesk.refreshes
where started_at >= %s and ended_at is not null
group by lane
order by lane
"""


@dataclass
class Wish:
    """What to measure."""

    people: int = 400
    days: int = 45
    history: int = 0
    """Raw rows to have before the measurement; copies make up for what is missing."""
    rate: int = 100
    seconds: int = 60
    idle: int = 60
    every: float = 20.0


def run(
    wish: Wish, *, seed: int = 7, keep: bool = False, console: Console | None = None
) -> dict[str, Any]:
    """Measure; print what came out, and return it."""
    from orchestration import sample

    console = console or Console()
    with (
        tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder,
        scratch(DATABASE, keep=keep) as (address, keeper),
        pointed_at(address),
    ):
        bench = _Bench(address, keeper, console.print)
        bench.prepare()
        sample.write_world(Path(folder), wish.people, wish.days, seed, START)
        bench.land(Path(folder), wish)
        result = bench.measure(wish)
    _show(console, wish, result)
    return result


@dataclass
class _Bench(steps.Bench):
    """A history, and a process that keeps it fresh."""

    feeds: list[Feed] = field(default_factory=list)
    rows: int = 0

    def land(self, world: Path, wish: Wish) -> None:
        """Load the world, copy its contacts back in time, build the marts."""
        from orchestration.load.warehouse import load_files

        for source in SOURCES:
            if (world / source).is_dir():
                load_files(self.address, source, [world / source])
        with self.connected() as connection:
            self.feeds = make_feeds(connection)
            connection.execute("vacuum (analyze)")
            steps.dbt("seed", "seed")
            self.say("building the world")
            steps.dbt("build", "run", "--full-refresh")
            self.rows = _raw_rows(connection)
            if self.rows < wish.history:
                self._deepen(connection, wish)
            connection.execute("vacuum (analyze)")
        self.say(f"{self.rows:,} raw rows of history")

    def _deepen(self, connection: psycopg.Connection, wish: Wish) -> None:
        """Copy the contacts of the world, each copy further back; build them."""
        per_copy = sum(feed.rows for feed in self.feeds)
        copies = -(-(wish.history - self.rows) // per_copy)
        for number in range(1, copies + 1):
            shift = sql.SQL("make_interval(days => {})").format(
                sql.Literal(-number * wish.days)
            )
            for feed in self.feeds:
                connection.execute(feed.copy(0, feed.contacts, f"~h{number}", shift))
        connection.execute("vacuum (analyze)")
        self.rows = _raw_rows(connection)
        self.say(f"building {self.rows:,} rows, without identity")
        steps.dbt("history", "run", "--full-refresh", "--select", *_minute_models())

    def measure(self, wish: Wish) -> dict[str, Any]:
        """Run serve idle, then busy; return what was seen."""
        process = _start_serve(wish)
        try:
            with self.connected() as connection:
                _settle(connection, process, wish.every + SETTLED_SECONDS)
                clock = steps.Clock(server_clock(connection))
                result: dict[str, Any] = {"history": self.rows}
                result["idle"] = _cpu_while(
                    clock, process, lambda: time.sleep(wish.idle)
                )
                began = connection.execute("select now()").fetchone()[0]
                result["busy"] = _cpu_while(
                    clock, process, lambda: self._busy(wish, result)
                )
                result["cycles"] = connection.execute(CYCLES, [began]).fetchall()
                result["lags"] = _lags(connection, result.pop("batches"))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        return result

    def _busy(self, wish: Wish, result: dict[str, Any]) -> None:
        """Land rows at the rate; wait until the marts have them."""
        context = get_context("spawn")
        batches = context.Queue()
        emitter = context.Process(
            target=emit,
            args=(self.address, self.feeds, wish.rate, wish.seconds, batches),
        )
        started = time.monotonic()
        emitter.start()
        result["batches"] = batches.get(timeout=wish.seconds + 120)
        emitter.join()
        result["landing_seconds"] = time.monotonic() - started
        last = result["batches"][-1][2]
        with self.connected() as connection:
            deadline = time.monotonic() + 300
            while not _is_read(connection, last):
                if time.monotonic() > deadline:
                    raise UserError("the marts did not catch up in five minutes")
                time.sleep(0.5)


def _raw_rows(connection: psycopg.Connection) -> int:
    return connection.execute(
        "select sum(n_live_tup)::bigint from pg_stat_user_tables"
        " where schemaname like 'raw\\_%'"
    ).fetchone()[0]


def _minute_models() -> list[str]:
    from orchestration.transform.project import dbt_project, ensure_manifest
    from orchestration.transform.refresh.lanes import read_lanes

    return sorted(read_lanes(ensure_manifest(dbt_project())).minute)


def _start_serve(wish: Wish) -> subprocess.Popen:
    """Start `frontdesk serve` on the scratch database, without the slow lane."""
    program = (
        "from orchestration.transform.refresh.commands import serve;"
        f" serve(['--every', '{wish.every}', '--slow', '0'])"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def _settle(
    connection: psycopg.Connection, process: subprocess.Popen, pause: float
) -> None:
    """Wait until serve has done what its start brings."""
    quiet = (
        "select count(*) > 0 and bool_and(ended_at < now() - make_interval(secs => %s))"
        " from frontdesk.refreshes"
    )
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UserError("frontdesk serve ended by itself: see logs/serve.log")
        known = connection.execute(
            "select to_regclass('frontdesk.refreshes') is not null"
        ).fetchone()[0]
        if known and connection.execute(quiet, [pause]).fetchone()[0]:
            return
        time.sleep(0.5)
    raise UserError("frontdesk serve did not come to rest in five minutes")


def _is_read(connection: psycopg.Connection, xid: str) -> bool:
    return connection.execute(
        "select exists (select 1 from frontdesk.refreshes where lane = 'minute'"
        " and succeeded and pg_visible_in_snapshot(%s::text::xid8, read_snapshot))",
        [xid],
    ).fetchone()[0]


def _lags(
    connection: psycopg.Connection, batches: list[tuple[int, datetime, str]]
) -> list[float]:
    """Return the lag of each landed row."""
    columns = [list(column) for column in zip(*batches, strict=True)]
    found = connection.execute(LAGS, columns).fetchall()
    return sorted(lag for rows, lag in found for _ in range(rows) if lag is not None)


def _cpu_while(
    clock: steps.Clock,
    process: subprocess.Popen,
    work: Any,  # noqa: ANN401
) -> tuple[float, float, float]:
    """Return seconds, CPU of the server and CPU of serve while something happens."""
    clock.lap()
    before, started = _used(process.pid), time.monotonic()
    work()
    return (time.monotonic() - started, clock.lap(), _used(process.pid) - before)


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _show(console: Console, wish: Wish, result: dict[str, Any]) -> None:
    """Print what came out."""
    table = Printed(title="CPU seconds per minute")
    for name in ("", "minutes", "Postgres", "serve"):
        table.add_column(name, justify="right" if name else "left")
    for name in ("idle", "busy"):
        seconds, server, own = result[name]
        minutes = seconds / 60
        table.add_row(
            name, f"{minutes:.1f}", f"{server / minutes:.1f}", f"{own / minutes:.1f}"
        )
    console.print(table)
    for lane, count, rows, mean, longest, models, failed in result["cycles"]:
        console.print(
            f"{lane}: {count} refreshes, {rows:,} raw rows, {models / count:.0f} models"
            f" each, {mean:.1f} s in the mean, {longest:.1f} s at most, {failed} failed"
        )
    lags = result["lags"]
    middle, late = lags[len(lags) // 2], lags[int(len(lags) * 0.95)]
    console.print(
        f"{len(lags):,} rows at {wish.rate}/s on {result['history']:,} rows of history:"
        f" in the KPI marts after {middle:.1f} s (p50), {late:.1f} s (p95),"
        f" {lags[-1]:.1f} s at most"
    )
