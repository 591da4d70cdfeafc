"""What tickets cost the server: a full build, a day, and a run without news.

Everything happens in a database of its own, which is dropped at the end. Measured is
the CPU of all processes of the server, so nothing else should use it meanwhile; beside
it stands the floor, one plain copy of the tables that grow.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from orchestration.bench import zendesk
from orchestration.bench.cpu import ServerClock, server_clock, settle
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.settings import UserError, settings

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
ROOMS = ["staging", "cleaned", "identity", "marts", "exports"]
WRITTEN = """
select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
from pg_stat_user_tables
where schemaname = any(%s)
"""
OTHERS = """
select count(*) from pg_stat_activity
where datname <> %s and pid <> pg_backend_pid()
"""

Say = Callable[[str], None]


@dataclass
class Step:
    """One line of the result."""

    name: str
    tickets: int
    seconds: float = 0.0
    cpu: float | None = None
    rows: int = 0
    models: list[tuple[float, str]] = field(default_factory=list)
    """Elapsed seconds and name of each model."""


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
    steps: list[Step] = []
    for index, number in enumerate(tickets):
        kept = keep and index == len(tickets) - 1
        account = zendesk.Account(number, days)
        with scratch(DATABASE, keep=kept) as (address, keeper), pointed_at(address):
            bench = _Bench(address, keeper, account, console.print)
            bench.write_raw()
            if not data_only:
                bench.build(day, select or [f"+{mart}" for mart in MARTS])
        steps += bench.steps
    if steps:
        console.print(_table(steps))
    for step in steps if largest else []:
        dearest = sorted(step.models, reverse=True)[:largest]
        if dearest:
            console.print(f"dearest of {step.tickets:,} tickets, {step.name}:")
        for seconds, name in dearest:
            console.print(f"{seconds:10.2f} s  {name}")
    if keep:
        console.print(f"kept: database {DATABASE}; the next benchmark drops it")
    return steps


def _table(steps: Sequence[Step]) -> Table:
    """Return the lines with their ratio to the floor of the same tickets."""
    floors = {step.tickets: step.cpu for step in steps if step.name == "floor"}
    table = Table()
    table.add_column("step")
    for name in ("tickets", "CPU s of Postgres", "times floor", "elapsed s", "rows"):
        table.add_column(name, justify="right")
    for step in steps:
        floor = floors.get(step.tickets)
        table.add_row(
            step.name,
            f"{step.tickets:,}",
            "unknown" if step.cpu is None else f"{step.cpu:.2f}",
            f"{step.cpu / floor:.1f}" if floor and step.cpu is not None else "",
            f"{step.seconds:.1f}",
            f"{step.rows:,}",
        )
    return table


class _Bench:
    """The steps of one number of tickets."""

    def __init__(
        self,
        address: str,
        keeper: psycopg.Connection,
        account: zendesk.Account,
        say: Say,
    ) -> None:
        """Begin with an empty database."""
        self.address = address
        self.keeper = keeper
        self.account = account
        self.say = lambda text: say(f"{account.tickets:,} tickets: {text}")
        self.steps: list[Step] = []

    def write_raw(self) -> None:
        """Make the tables of every source; fill those of the Zendesk account."""
        from orchestration.database import connections
        from orchestration.load.warehouse import ensure_raw

        connections.bootstrap(replace(settings(), dsn=self.address))
        with self._connected() as connection:
            ensure_raw(connection)
            started = time.monotonic()
            zendesk.write(connection, self.account)
            written = time.monotonic() - started
            # a connector's tables have been there for long
            connection.execute("vacuum (analyze)")
            counts = [
                f"{self._count(connection, table):,} {table}" for table in GROWING
            ]
        self.say(f"raw written in {written:.1f} s: {', '.join(counts)}")

    def build(self, day: int, select: Sequence[str]) -> None:
        """Measure the floor, a full build, a day and a run without news."""
        # who asks is another benchmark's
        selection = ["--select", *select, "--exclude", "path:models/identity"]
        self.say("seeds (not measured)")
        self._dbt("seed", "seed")
        if others := self.keeper.execute(OTHERS, [DATABASE]).fetchone()[0]:
            self.say(f"{others} other sessions use this server: their CPU counts too")
        self.steps.append(self._floor())
        self._run("full build", zendesk.AS_OF, "--full-refresh", *selection)
        # autovacuum would do it at a moment of its own, in the midst of the next step
        self._vacuum()
        with self._connected() as connection:
            until = zendesk.write_day(connection, self.account, day)
        self._run("a day", until, *selection)
        self._run("no news", until, *selection)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        from orchestration.database import connections

        with connections.connect(self.address, autocommit=True) as connection:
            yield connection

    def _count(self, connection: psycopg.Connection, table: str) -> int:
        counted = sql.SQL("select count(*) from {}").format(
            sql.Identifier(zendesk.SCHEMA, table)
        )
        return connection.execute(counted).fetchone()[0]

    @contextmanager
    def _measured(self, name: str) -> Iterator[Step]:
        """Note CPU, time and written rows of what happens inside."""
        step = Step(name, self.account.tickets)
        # what was written before is not written out at this step's cost
        with suppress(psycopg.errors.InsufficientPrivilege):
            self.keeper.execute("checkpoint")
        with self._connected() as connection:
            clock: ServerClock | None = server_clock(connection)
            settle(connection)
            rows = connection.execute(WRITTEN, [ROOMS]).fetchone()[0]
            before = clock.seconds() if clock else 0.0
            started = time.monotonic()
            yield step
            step.seconds = time.monotonic() - started
            settle(connection)
            if clock:
                step.cpu = clock.seconds() - before
            connection.execute("select pg_stat_clear_snapshot()")
            step.rows += connection.execute(WRITTEN, [ROOMS]).fetchone()[0] - rows
        cpu = "unknown" if step.cpu is None else f"{step.cpu:.2f} s"
        self.say(f"{name}: CPU {cpu}, elapsed {step.seconds:.1f} s")

    def _floor(self) -> Step:
        """Copy the tables that grow, as plainly as can be."""
        with self._connected() as connection:
            connection.execute("create schema floor")
        with self._measured("floor") as step, self._connected() as connection:
            for table in GROWING:
                step.rows += connection.execute(
                    sql.SQL("create table {} as select * from {}").format(
                        sql.Identifier("floor", table),
                        sql.Identifier(zendesk.SCHEMA, table),
                    )
                ).rowcount
        with self._connected() as connection:
            connection.execute("drop schema floor cascade")
        return step

    def _vacuum(self) -> None:
        with self._measured("vacuum") as step, self._connected() as connection:
            connection.execute("vacuum")
        self.steps.append(step)

    def _run(self, name: str, as_of: datetime, *arguments: str) -> None:
        with self._measured(name) as step:
            variables = json.dumps({"as_of": str(as_of)})
            step.models = self._dbt(name, "run", *arguments, "--vars", variables)
        if not step.models:
            raise UserError(f"{name}: the selection names no model")
        self.steps.append(step)

    def _dbt(self, name: str, *arguments: str) -> list[tuple[float, str]]:
        """Run dbt in this process, as a build does."""
        # here and not above: they take seconds to load
        from orchestration.transform.assets import Outcome, invoke_dbt
        from orchestration.transform.project import dbt_project

        outcome = Outcome()
        for _ in invoke_dbt(dbt_project(), list(arguments), outcome):
            pass
        complaint = outcome.complaint()
        if complaint:
            raise UserError(f"{name}: {complaint}")
        return [(result.seconds, result.name) for result in outcome.results]
