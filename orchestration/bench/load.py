"""How fast a CSV of ten columns lands, beside a plain COPY of the same file."""

import resource
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestration.bench.cpu import process_seconds
from orchestration.load.warehouse import connect, load_files
from orchestration.raw.sources import (
    SOURCES,
    Column,
    Format,
    Source,
    Table,
    counts,
    ids,
    texts,
    times,
)

BLOCK_ROWS = 100_000
APPLICATION = "frontdesk bench"


@dataclass(frozen=True)
class Measure:
    """One line of the result."""

    name: str
    value: float | None
    unit: str


@dataclass
class _Cost:
    seconds: float = 0.0
    client: float = 0.0
    backend: float | None = None


def run(rows: int = 1_000_000) -> list[Measure]:
    """Land a file of so many rows in a scratch schema; print and return the figures.

    The backend's CPU is null where the server is not on this machine.
    """
    # here and not above: the server need not run when this module is read
    from orchestration.database.connections import dsn

    address = make_conninfo(dsn(), application_name=APPLICATION)
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder:
        path = Path(folder) / "calls_1.csv"
        write_csv(path, rows)
        source = _source(f"bench_{uuid.uuid4().hex[:8]}")
        try:
            landed = _measured(address, lambda: _land(address, source, path))
            copied = _measured(address, lambda: _copy(address, source, path))
        finally:
            _drop(address, source)
        measures = _measures(rows, path.stat().st_size, landed, copied)
    for measure in measures:
        value = "unknown" if measure.value is None else f"{measure.value:,.2f}"
        print(f"{measure.name:32} {value:>14} {measure.unit}")
    return measures


def _measures(rows: int, size: int, landed: _Cost, copied: _Cost) -> list[Measure]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # kilobytes on Linux, bytes on macOS
    peak_mb = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    ratio = None
    if landed.backend is not None and copied.backend:
        ratio = (landed.client + landed.backend) / (copied.client + copied.backend)
    return [
        Measure("file", size / 1e6, "MB"),
        Measure("landed", rows / landed.seconds, "rows/s"),
        Measure("landing, client CPU", landed.client, "s"),
        Measure("landing, server CPU", landed.backend, "s"),
        Measure("floor: plain COPY into text", rows / copied.seconds, "rows/s"),
        Measure("floor, client CPU", copied.client, "s"),
        Measure("floor, server CPU", copied.backend, "s"),
        Measure("time over floor", landed.seconds / copied.seconds, "times"),
        Measure("CPU over floor", ratio, "times"),
        Measure("peak memory of this process", peak_mb, "MB"),
    ]


def _source(name: str) -> Source:
    columns: tuple[Column, ...] = (
        *ids("call_id"),
        *texts("site", "caller_number", "queue_name", "agent_id", "call_result"),
        *counts("wait_secs", "talk_secs"),
        *times("started_at", "ended_at"),
    )
    table = Table("calls", "Calls.", (Format("*.csv"),), columns, key=("call_id",))
    return Source(name, "A benchmark's scratch source.", (table,))


def write_csv(path: Path, rows: int) -> None:
    """Write a file of ten columns, the same for the same number of rows."""
    random = np.random.default_rng(7)
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    names = [column.name for column in _source("bench").tables[0].columns]
    with path.open("wb") as stream:
        stream.write((",".join(names) + "\n").encode())
        for start in range(0, rows, BLOCK_ROWS):
            count = min(BLOCK_ROWS, rows - start)
            batch = pa.RecordBatch.from_arrays(_block(random, start, count), names)
            pa_csv.write_csv(batch, stream, options)


def _block(random: np.random.Generator, start: int, count: int) -> list[pa.Array]:
    def spelled(prefix: str, numbers: np.ndarray) -> pa.Array:
        return pa.array(np.char.add(prefix, numbers.astype(str)))

    began = random.integers(1_767_225_600, 1_830_297_600, count)
    moments = [
        pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC")).cast(pa.string())
        for seconds in (began, began + random.integers(10, 900, count))
    ]
    return [
        spelled("C", np.arange(start, start + count)),
        pa.array(np.array(["cn", "uk"])[random.integers(0, 2, count)]),
        spelled("+86138", random.integers(10_000_000, 99_999_999, count)),
        spelled("queue_", random.integers(0, 6, count)),
        spelled("A1", random.integers(10_000, 10_400, count)),
        spelled("RESULT_", random.integers(0, 5, count)),
        pa.array(random.integers(0, 600, count)),
        pa.array(random.integers(0, 3_600, count)),
        *moments,
    ]


def _land(address: str, source: Source, path: Path) -> None:
    SOURCES[source.name] = source
    try:
        load_files(address, source.name, [path])
    finally:
        del SOURCES[source.name]


def _copy(address: str, source: Source, path: Path) -> None:
    table = sql.Identifier(source.schema, "floor")
    columns = sql.SQL(", ").join(
        sql.SQL("{} text").format(sql.Identifier(column.name))
        for column in source.tables[0].columns
    )
    with psycopg.connect(address) as conn, path.open("rb") as stream:
        conn.execute(sql.SQL("create table {} ({})").format(table, columns))
        statement = sql.SQL("copy {} from stdin (format csv, header)").format(table)
        with conn.cursor().copy(statement) as copy:
            while block := stream.read(1 << 18):
                copy.write(block)


def _drop(address: str, source: Source) -> None:
    with closing(connect(address)) as conn:
        schema = sql.Identifier(source.schema)
        conn.execute(sql.SQL("drop schema if exists {} cascade").format(schema))
        conn.execute(
            "delete from frontdesk.batches where source_name = %s", (source.name,)
        )
        conn.commit()


def _measured(address: str, work: Callable[[], None]) -> _Cost:
    cost = _Cost()
    before = resource.getrusage(resource.RUSAGE_SELF)
    with _backend_watched(address, cost):
        started = time.monotonic()
        work()
        cost.seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cost.client = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cost


@contextmanager
def _backend_watched(address: str, cost: _Cost) -> Iterator[None]:
    """Note the CPU seconds of the server processes that work for this benchmark."""
    ended = threading.Event()
    seen: dict[int, float] = {}

    def watch() -> None:
        watcher = make_conninfo(address, application_name=f"{APPLICATION} watcher")
        with psycopg.connect(watcher, autocommit=True) as conn:
            while not ended.wait(0.05):
                for (pid,) in conn.execute(
                    "select pid from pg_stat_activity where application_name = %s",
                    (APPLICATION,),
                ).fetchall():
                    used = process_seconds(pid)
                    if used is not None:
                        seen[pid] = used

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        cost.backend = sum(seen.values()) if seen else None
