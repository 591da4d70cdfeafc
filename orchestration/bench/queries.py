"""How long what BI tools ask of the KPI marts takes: totals, a month by day, a week.

Each question is put to every KPI mart, over all that it holds: a reader's session, one
question after the other, each several times.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from orchestration.bench.ranks import quantile

TARGET_SECONDS = 0.2
REPEATS = 20
COLUMNS = """
select
    relname::text as mart,
    array_agg(attname::text order by attnum) filter (
        where atttypid = 'date'::regtype
    ) as dates,
    array_agg(attname::text order by attnum) filter (
        where atttypid = 'text'::regtype and attname !~ '(_id|_reason)$'
    ) as names,
    array_agg(attname::text order by attnum) filter (
        where atttypid = 'bigint'::regtype
    ) as parts,
    greatest(max(reltuples), 0)::bigint as rows
from pg_class
inner join pg_attribute
    on pg_class.oid = pg_attribute.attrelid
where
    relnamespace = 'marts'::regnamespace
    and relname like 'kpi\\_%%'
    and relkind in ('r', 'p')
    and attnum > 0
    and not attisdropped
group by relname
order by relname
"""


@dataclass(frozen=True)
class Asked:
    """How long one mart took, over all its questions."""

    mart: str
    rows: int
    median: float
    slow: float
    """Seconds that 95 of 100 questions stay below."""


def run(connection: psycopg.Connection) -> list[Asked]:
    """Ask every KPI mart."""
    asked = []
    for mart, dates, names, parts, rows in connection.execute(COLUMNS).fetchall():
        seconds = [
            _answered(connection, question)
            for question in _questions(mart, dates or [], names or [], parts or [])
            for _ in range(REPEATS)
        ]
        asked.append(Asked(mart, rows, quantile(seconds, 0.5), quantile(seconds, 0.95)))
    return asked


def _questions(
    mart: str, dates: list[str], names: list[str], parts: list[str]
) -> Iterator[sql.Composed]:
    """Yield what a dashboard asks: totals per name, a month by day, a week in full."""
    table = sql.Identifier("marts", mart)
    sums = sql.SQL(", ").join(
        sql.SQL("sum({})").format(sql.Identifier(part)) for part in parts
    )
    for name in names:
        yield sql.SQL("select {name}, {sums} from {table} group by {name}").format(
            name=sql.Identifier(name), sums=sums, table=table
        )
    for date in dates[:1]:
        day = sql.Identifier(date)
        last = sql.SQL("(select max({}) from {})").format(day, table)
        yield sql.SQL(
            "select {day}, {sums} from {table} where {day} > {last} - 30 group by {day}"
        ).format(day=day, sums=sums, table=table, last=last)
        yield sql.SQL("select * from {table} where {day} > {last} - 7").format(
            table=table, day=day, last=last
        )


def _answered(connection: psycopg.Connection, question: sql.Composed) -> float:
    """Return how many seconds an answer took to arrive."""
    began = time.monotonic()
    connection.execute(question).fetchall()
    return time.monotonic() - began


def show(console: Console, asked: list[Asked]) -> None:
    """Print the slowest marts, and how all of them did."""
    table = Table(title="what BI tools ask")
    table.add_column("mart")
    for name in ("rows", "median ms", "95 of 100 below ms"):
        table.add_column(name, justify="right")
    for one in sorted(asked, key=lambda one: -one.slow)[:10]:
        table.add_row(
            one.mart,
            f"{one.rows:,}",
            f"{one.median * 1000:.1f}",
            f"{one.slow * 1000:.1f}",
        )
    console.print(table)
    slow = [one.mart for one in asked if one.slow > TARGET_SECONDS]
    verdict = f"slower: {', '.join(slow)}" if slow else "all are quicker"
    console.print(
        f"{len(asked)} marts; 95 of 100 questions to each shall take less than"
        f" {TARGET_SECONDS * 1000:.0f} ms: {verdict}"
    )
