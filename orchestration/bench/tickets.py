"""What tickets cost the server: a full build, a day, and a run without news.

Everything happens in a database of its own, which is dropped at the end. Measured is
the CPU of all processes of the server, so nothing else should use it meanwhile; beside
it stands the floor, one plain copy of the tables that grow.
"""

import json
import time
from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import sql
from rich.console import Console

from orchestration.bench import steps, zendesk
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.bench.steps import Step

MARTS = (
    "fct_tickets",
    "fct_ticket_history",
    "fct_ticket_status_spans",
    "fct_replies",
    "fct_ticket_messages",
    "fct_sla_events",
    "fct_sla_at_risk",
    "kpi_tickets_daily",
    "kpi_backlog_daily",
)
"""What is built, with all that it reads."""

DATABASE = "frontdesk_bench_tickets"
GROWING = ("ticket", "ticket_comment", "ticket_field_history")


def run(
    tickets: Sequence[int] = (10_000,),
    *,
    days: int = 365,
    day: int = 300,
    select: Sequence[str] = (),
    data_only: bool = False,
    keep: bool = False,
    largest: int = 0,
    console: Console | None = None,
) -> list[Step]:
    """Measure each number of tickets; print and return one step per line.

    With `data_only` the raw tables are written and nothing is built. With `keep` the
    database of the last number stays until the next benchmark.
    """
    console = console or Console()
    measured: list[Step] = []
    for index, number in enumerate(tickets):
        kept = keep and index == len(tickets) - 1
        account = zendesk.Account(number, days)
        with scratch(DATABASE, keep=kept) as (address, keeper), pointed_at(address):
            bench = _Bench(
                address,
                keeper,
                lambda text, number=number: console.print(
                    f"{number:,} tickets: {text}"
                ),
            )
            bench.write_raw(account)
            if not data_only:
                bench.build(account, day, select or [f"+{mart}" for mart in MARTS])
        measured += bench.steps
    steps.show(console, measured, "tickets", largest)
    if keep:
        console.print(f"kept: database {DATABASE}; the next benchmark drops it")
    return measured


class _Bench(steps.Bench):
    """The steps of one number of tickets."""

    def write_raw(self, account: zendesk.Account) -> None:
        """Make the tables of every source; fill those of the Zendesk account."""
        self.prepare()
        with self.connected() as connection:
            started = time.monotonic()
            zendesk.write(connection, account)
            written = time.monotonic() - started
            # a connector's tables have been there for long
            connection.execute("vacuum (analyze)")
            counts = [f"{_count(connection, table):,} {table}" for table in GROWING]
        self.say(f"raw written in {written:.1f} s: {', '.join(counts)}")

    def build(self, account: zendesk.Account, day: int, select: Sequence[str]) -> None:
        """Measure the floor, a full build, a day and a run without news."""
        size = account.tickets
        # who asks is another benchmark's
        selection = ["--select", *select, "--exclude", "path:models/identity"]
        self.say("seeds (not measured)")
        steps.dbt("seed", "seed")
        self.floor(size, [(zendesk.SCHEMA, table) for table in GROWING])
        full = (*_as_of(zendesk.AS_OF), "--full-refresh", *selection)
        self.run("full build", size, *full)
        self.vacuum(size)
        with self.connected() as connection:
            until = zendesk.write_day(connection, account, day)
        self.run("a day", size, *_as_of(until), *selection)
        self.run("no news", size, *_as_of(until), *selection)


def _told(console: Console, of: str) -> steps.Say:
    return lambda text: console.print(f"{of}: {text}")


def _count(connection: psycopg.Connection, table: str) -> int:
    counted = sql.SQL("select count(*) from {}").format(
        sql.Identifier(zendesk.SCHEMA, table)
    )
    return connection.execute(counted).fetchone()[0]


def _as_of(moment: datetime) -> tuple[str, str]:
    return "--vars", json.dumps({"as_of": str(moment)})
