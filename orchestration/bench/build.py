"""What a build of everything costs the server, and an hour of news on top.

The sample world is landed but for a busy hour; everything is built, then the rows of
that hour land and are built. Floor is a plain copy of the same raw rows. In the end the
KPI marts are asked what BI tools ask.
"""

import json
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql
from rich.console import Console

from orchestration.bench import queries, steps
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.raw.sources import SOURCES

DATABASE = "frontdesk_bench_build"
START = date(2026, 1, 5)
TABLES = [
    (source.schema, table.name, {column.name for column in table.columns})
    for source in SOURCES.values()
    for table in source.tables
]
LARGEST_HOUR = """
select date_trunc('hour', exported_at)
from raw_phone.calls
where exported_at >= (select max(exported_at) from raw_phone.calls) - interval '1 day'
group by 1
order by count(*) desc, 1
limit 1
"""


def run(
    people: int = 2000,
    days: int = 60,
    *,
    seed: int = 7,
    keep: bool = False,
    largest: int = 0,
    hours: int = 1,
    console: Console | None = None,
) -> list[steps.Step]:
    """Measure one size of the world; print and return one step per line."""
    from orchestration import sample

    console = console or Console()
    with (
        tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder,
        scratch(DATABASE, keep=keep) as (address, keeper),
        # one model at a time, so that the CPU of each can be told
        pointed_at(address, FRONTDESK_DBT_THREADS="1"),
    ):
        bench = _Bench(address, keeper, console.print)
        bench.prepare()
        sample.write_world(Path(folder), people, days, seed, START)
        bench.land(Path(folder), timedelta(hours=hours))
        bench.build(datetime.combine(START + timedelta(days), datetime.min.time()))
        with bench.connected() as connection:
            asked = queries.run(connection)
    steps.show(console, bench.steps, "raw rows", largest)
    queries.show(console, asked)
    if keep:
        console.print(f"kept: database {DATABASE}; the next benchmark drops it")
    return bench.steps


class _Bench(steps.Bench):
    """The world, landed and built."""

    rows = 0

    def land(self, world: Path, news: timedelta) -> None:
        """Load the files; keep the rows of a busy time for later."""
        from orchestration.load.warehouse import load_files

        for source in SOURCES:
            if (world / source).is_dir():
                load_files(self.address, source, [world / source])
        with self.connected() as connection:
            hour = connection.execute(LARGEST_HOUR).fetchone()[0]
            connection.execute("create schema held")
            held = sum(
                _hold_back(connection, schema, table, hour, hour + news)
                for schema, table, columns in TABLES
                if "exported_at" in columns
            )
            connection.execute("vacuum (analyze)")
            self.rows = sum(
                _count(connection, schema, table) for schema, table, _ in TABLES
            )
        self.say(f"{self.rows:,} raw rows landed, {held:,} held back: {news} of news")

    def build(self, until: datetime) -> None:
        """Measure the floor, a full build, an hour and a run without news."""
        as_of = ("--vars", json.dumps({"as_of": str(until)}))
        steps.dbt("seed", "seed")
        self.floor(self.rows, [(schema, table) for schema, table, _ in TABLES])
        self.run("full build", self.rows, "--full-refresh", *as_of)
        self.vacuum(self.rows)
        with self.connected() as connection:
            for schema, table, columns in TABLES:
                if "exported_at" in columns:
                    _release(connection, schema, table)
        self.run("news", self.rows, *as_of)
        self.run("no news", self.rows, *as_of)


def _count(connection: psycopg.Connection, schema: str, table: str) -> int:
    counted = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
    return connection.execute(counted).fetchone()[0]


def _hold_back(
    connection: psycopg.Connection,
    schema: str,
    table: str,
    since: datetime,
    until: datetime,
) -> int:
    """Move the rows of a time out of a raw table."""
    moved = sql.SQL(
        "create table {held} as with gone as ("
        " delete from {raw} where exported_at >= {since} and exported_at < {until}"
        " returning *) select * from gone"
    ).format(
        held=sql.Identifier("held", f"{schema}_{table}"),
        raw=sql.Identifier(schema, table),
        since=sql.Literal(since),
        until=sql.Literal(until),
    )
    return connection.execute(moved).rowcount


def _release(connection: psycopg.Connection, schema: str, table: str) -> None:
    """Land the rows that were held back, as new ones."""
    names = connection.execute(
        "select array_agg(attname::text order by attnum) from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        " and attname not in ('_row_id', '_landed_xid', '_loaded_at')",
        [sql.Identifier(schema, table).as_string()],
    ).fetchone()[0]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    connection.execute(
        sql.SQL("insert into {raw} ({columns}) select {columns} from {held}").format(
            raw=sql.Identifier(schema, table),
            columns=columns,
            held=sql.Identifier("held", f"{schema}_{table}"),
        )
    )
