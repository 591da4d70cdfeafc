"""Erasing reaches the raw rows of every kind of record that carries a person."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from orchestration.identity import erase
from orchestration.load.sources import SOURCES
from orchestration.settings import UserError
from tests.python.warehouse import Warehouse

ONE_OF_EACH = """
select distinct on (source_name, split_part(record_id, ':', 1)) record_id
from identity.int_records__resolved
where source_name <> 'people' and split_part(record_id, ':', 1) <> 'person'
order by source_name, split_part(record_id, ':', 1), record_id
"""
PERSONAL = [
    (source, table)
    for source in SOURCES.values()
    for table in source.tables
    if table.personal or table.pseudonyms
]


@pytest.fixture(scope="module")
def erased(
    built: Warehouse, copy_of: Callable[[str], str]
) -> tuple[Warehouse, erase.Erasure]:
    """Return a copy of the whole world in which one record of each kind is erased."""
    warehouse = Warehouse(copy_of(built.dsn))
    with psycopg.connect(warehouse.dsn) as connection:
        records = [row[0] for row in connection.execute(ONE_OF_EACH)]
        return warehouse, erase.erase(connection, records, "kim", "request 1")


def test_what_is_personal_is_a_column() -> None:
    """A slip of the pen would keep a value for ever."""
    wrong = [
        f"{source.name}.{table.name}.{name}"
        for source, table in PERSONAL
        for name in (*table.personal, *table.pseudonyms)
        if name not in {column.name for column in table.columns} - set(table.key)
    ]
    assert wrong == []


def test_every_kind_of_record_is_reached(
    erased: tuple[Warehouse, erase.Erasure],
) -> None:
    """Parts of a contact that name the person once more, too."""
    wanted = {f"{source.name}.{table.name}" for source, table in PERSONAL}
    assert erased[1].tables.keys() >= wanted - {"people.records"}


def test_erased_rows_hold_nothing_and_none_is_lost(
    built: Warehouse, erased: tuple[Warehouse, erase.Erasure]
) -> None:
    """As many rows as before, each with its key and its times."""
    for source, table in PERSONAL:
        relation = sql.Identifier(source.schema, table.name)
        facts = sql.SQL("select count(*), coalesce(max(_row_id), 0) from {}")
        count, newest = built.frame(facts.format(relation)).iloc[0]
        rows = erased[0].frame(sql.SQL("select * from {}").format(relation))
        assert len(rows) == count
        written = rows[rows["_row_id"] > newest]
        assert written[[*table.key, "_source_name"]].notna().all(axis=None)
        assert written[[*table.personal, "_extra"]].isna().all(axis=None)
        for name in table.pseudonyms:
            assert written[name].dropna().str.fullmatch("erased-[a-p]+").all()


def test_records_of_a_connector_are_refused(built: Warehouse) -> None:
    """Their raw tables are not ours."""
    with (
        psycopg.connect(built.dsn) as connection,
        pytest.raises(UserError, match="connector"),
    ):
        erase._keys(connection, ["person:zendesk/1"])
