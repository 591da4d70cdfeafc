"""The benchmark of identity: what it lands, what it takes for true, what it prints."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as parquet
from rich.console import Console

from orchestration.bench import agreement, identity, people, steps
from orchestration.bench.agreement import Truth

COUNTS = """
select
    count(*),
    count(distinct record_id),
    count(*) filter (where phone = ''),
    count(*) filter (where phone is null)
from raw_people.records
"""


def test_several_worlds_make_a_load(fresh_dsn: Callable[[], str]) -> None:
    """As many records as asked for, and new ones of the same company for later."""
    from orchestration.load.warehouse import ensure_raw

    address = fresh_dsn()
    with psycopg.connect(address, autocommit=True) as connection:
        ensure_raw(connection)
        warehouse = identity._Warehouse(address, connection, ())
        warehouse.land_worlds(3000, 200)
        rows, keys, empty, missing = connection.execute(COUNTS).fetchone()
        assert rows == keys == 3000
        # nothing said is null, as a loader lands it
        assert empty == 0 < missing
        assert len(warehouse.late) == 200
        warehouse.land(warehouse.late)
        assert connection.execute(COUNTS).fetchone()[1] == 3200


def test_the_sample_worlds_truth_is_told_by_record(tmp_path: Path) -> None:
    """Contacts by their key here, customers and tickets by name; tests are nobody's."""
    facts = [
        ("phone", "calls", "C1", "P1"),
        ("phone", "calls", "C2", None),
        ("phone", "calls", "C3", "P1"),
        ("crm", "customers", "K1", "P1"),
        ("helpdesk", "tickets", "T1", "P2"),
    ]
    names = ("source_name", "table_name", "record_id", "person_id")
    columns = dict(zip(names, zip(*facts, strict=True), strict=True))
    parquet.write_table(
        pa.table({name: list(values) for name, values in columns.items()}),
        tmp_path / "records.parquet",
    )
    # C3 was rejected: no contact came of it
    known = {("phone", "C1"): "interaction:1", ("phone", "C2"): "interaction:2"}
    assert identity.sample_truth(tmp_path, known) == {
        "interaction:1": Truth("P1", "P1"),
        "customer:K1": Truth("P1", "P1"),
        "ticket:helpdesk/T1": Truth("P2", "P2"),
    }


def test_a_made_up_truth_is_told_by_record() -> None:
    """Nothing of it is lost, and what it says of itself is all right."""
    truth = identity.told(people.make(people.Plan(50, 1)).truth())
    right = {record: fact.component for record, fact in truth.items()}
    got = agreement.accuracy(right, truth)
    assert got.precision.rate == got.recall.rate == got.cluster_f1 == 1
    assert got.hazards


def test_results_are_printed() -> None:
    """One line for each list, for each batch, for each trap, for each step."""
    truth = {"a": Truth("A", "A", hazards=frozenset({"twin"})), "b": Truth("B", "B")}
    customers = {"a": "1", "b": "1"}
    judged = identity.Judged(
        "normal mixed 1",
        agreement.accuracy(customers, truth),
        agreement.explained(customers, []),
        (agreement.stability(customers, customers),),
        agreement.sameness(customers, customers),
    )
    measured = [
        steps.Step("floor", 1000, 1.0, 0.5),
        steps.Step("first load", 1000, 9.0, 4.0, 5000),
        steps.Step("no news", 1000, 1.0, None),
    ]
    console = Console(record=True, width=140, file=StringIO())
    console.print(identity._accuracy_table([judged]))
    console.print(identity._hazard_table([judged]))
    console.print(*identity._moves(judged))
    steps.show(console, measured, "records")
    text = console.export_text()
    for part in ("0.0000", "batch 2: 0 ids changed", "twin", "8.0", "unknown"):
        assert part in text
