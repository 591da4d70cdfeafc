"""The steps of a benchmark of builds: what each costs the server, and the table of it.

Measured is the CPU of all processes of the server, so nothing else should use it
meanwhile; beside the steps stands the floor, one plain copy of the raw rows.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from orchestration.bench.cpu import VACUUMS, ServerClock, server_clock, settle
from orchestration.settings import UserError, settings

ROOMS = ["staging", "cleaned", "identity", "marts", "exports"]
WRITTEN = """
select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
from pg_stat_user_tables
where schemaname = any(%s)
"""
SPILLED = "select temp_bytes from pg_stat_database where datname = current_database()"
OTHERS = """
select count(*) from pg_stat_activity
where datname <> current_database() and backend_type = 'client backend'
    and pid <> pg_backend_pid() and pid <> %s
"""

Say = Callable[[str], None]


@dataclass
class Step:
    """One line of the result."""

    name: str
    size: int
    """How much there is, in what the benchmark counts."""
    seconds: float = 0.0
    cpu: float | None = None
    rows: int = 0
    spilled: int = 0
    """Bytes of temporary files."""
    memory: int = 0
    """The most bytes that the server's processes held, shared buffers left out."""
    models: list[tuple[float, str]] = field(default_factory=list)
    """CPU seconds, or elapsed ones where the server is elsewhere, of each model."""


@dataclass
class Clock:
    """The CPU of the server, from one lap to the next."""

    server: ServerClock | None
    last: float = 0.0

    def lap(self) -> float:
        """Return the seconds used since the last lap."""
        now = self.server.seconds() if self.server else 0.0
        used, self.last = now - self.last, now
        return used


@dataclass
class Bench:
    """A scratch database, and what is done to it step by step."""

    address: str
    keeper: psycopg.Connection
    """A connection to another database, which outlives this one's."""
    say: Say
    steps: list[Step] = field(default_factory=list)

    def prepare(self) -> None:
        """Make the roles, and the raw tables of every source."""
        from orchestration.database import connections
        from orchestration.load.warehouse import ensure_raw

        connections.bootstrap(replace(settings(), dsn=self.address))
        with self.connected() as connection:
            ensure_raw(connection)
            keeper = self.keeper.info.backend_pid
            if others := connection.execute(OTHERS, [keeper]).fetchone()[0]:
                self.say(
                    f"{others} other sessions use this server: their CPU counts too"
                )

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        """Yield a connection that commits each statement."""
        from orchestration.database import connections

        with connections.connect(self.address, autocommit=True) as connection:
            yield connection

    @contextmanager
    def measured(self, name: str, size: int) -> Iterator[tuple[Step, Clock]]:
        """Note CPU, time and written rows of what happens inside."""
        step = Step(name, size)
        # what was written before is not written out at this step's cost
        with suppress(psycopg.errors.InsufficientPrivilege):
            self.keeper.execute("checkpoint")
        with self.connected() as connection:
            clock = Clock(server_clock(connection))
            settle(connection)
            rows = connection.execute(WRITTEN, [ROOMS]).fetchone()[0]
            spilled = connection.execute(SPILLED).fetchone()[0]
            clock.lap()
            before, started = clock.last, time.monotonic()
            with _watched(step, clock):
                yield step, clock
            step.seconds = time.monotonic() - started
            settle(connection)
            clock.lap()
            step.cpu = clock.last - before if clock.server else None
            connection.execute("select pg_stat_clear_snapshot()")
            step.rows += connection.execute(WRITTEN, [ROOMS]).fetchone()[0] - rows
            step.spilled = connection.execute(SPILLED).fetchone()[0] - spilled
        cpu = "unknown" if step.cpu is None else f"{step.cpu:.2f} s"
        self.say(f"{name}: CPU {cpu}, elapsed {step.seconds:.1f} s")
        self.steps.append(step)

    def floor(self, size: int, tables: Sequence[tuple[str, str]]) -> None:
        """Copy raw tables, as plainly as can be."""
        with self.connected() as connection:
            connection.execute("create schema floor")
        with self.measured("floor", size) as (step, _), self.connected() as connection:
            for number, table in enumerate(tables):
                step.rows += connection.execute(
                    sql.SQL("create table {} as select * from {}").format(
                        sql.Identifier("floor", f"copy_{number}"),
                        sql.Identifier(*table),
                    )
                ).rowcount
        with self.connected() as connection:
            connection.execute("drop schema floor cascade")

    def vacuum(self, size: int) -> None:
        """Do what autovacuum would do at a moment of its own, in the next step."""
        with self.measured("vacuum", size), self.connected() as connection:
            # one at work would keep this one from marking pages as seen by all, and a
            # later one would read them once more
            settle(connection, 300, VACUUMS)
            connection.execute("vacuum")

    def run(self, name: str, size: int, *arguments: str) -> None:
        """Measure one run of dbt."""
        with self.measured(name, size) as (step, clock):
            step.models = dbt(name, "run", *arguments, clock=clock)
        if not step.models:
            raise UserError(f"{name}: the selection names no model")


@contextmanager
def _watched(step: Step, clock: Clock) -> Iterator[None]:
    """Look four times a second how much memory the server takes."""
    over = threading.Event()

    def watch() -> None:
        while clock.server and not over.wait(0.25):
            step.memory = max(step.memory, clock.server.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def dbt(
    name: str, *arguments: str, clock: Clock | None = None
) -> list[tuple[float, str]]:
    """Run dbt in this process, as a build does; return what each model used."""
    # here and not above: they take seconds to load
    from orchestration.transform.assets import Outcome, invoke_dbt
    from orchestration.transform.project import dbt_project

    outcome = Outcome()
    used = []
    for _ in invoke_dbt(dbt_project(), list(arguments), outcome):
        result = outcome.results[-1]
        spent = clock.lap() if clock and clock.server else result.seconds
        used.append((spent, result.name))
    if complaint := outcome.complaint():
        raise UserError(f"{name}: {complaint}")
    return used


def show(
    console: Console, steps: Sequence[Step], counted: str, largest: int = 0
) -> None:
    """Print the steps with their ratio to the floor of the same size."""
    if not steps:
        return
    floors = {step.size: step.cpu for step in steps if step.name == "floor"}
    table = Table(title="cost to Postgres")
    table.add_column("step")
    columns = (
        *(counted, "CPU s", "times floor", "elapsed s", "rows"),
        *("temp MB", "memory MB"),
    )
    for name in columns:
        table.add_column(name, justify="right")
    for step in steps:
        floor = floors.get(step.size)
        table.add_row(
            step.name,
            f"{step.size:,}",
            "unknown" if step.cpu is None else f"{step.cpu:.2f}",
            f"{step.cpu / floor:.1f}" if floor and step.cpu is not None else "",
            f"{step.seconds:.1f}",
            f"{step.rows:,}",
            f"{step.spilled / 1e6:,.0f}",
            f"{step.memory / 1e6:,.0f}",
        )
    console.print(table)
    for step in steps if largest else []:
        dearest = sorted(step.models, reverse=True)[:largest]
        if dearest:
            console.print(f"dearest of {step.size:,} {counted}, {step.name}:")
        for seconds, name in dearest:
            console.print(f"{seconds:10.2f} s  {name}")
