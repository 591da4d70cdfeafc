"""Erasing reaches the raw rows of every kind of record that carries a person."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from orchestration.identity import erase
from orchestration.live.landing.schema import ensure_landing
from orchestration.raw.sources import SOURCES
from orchestration.settings import UserError
from tests.python.warehouse import Warehouse

ONE_OF_EACH = """
select distinct on (source_name, split_part(record_id, ':', 1)) record_id
from identity.int_records__resolved
where source_name <> 'people' and split_part(record_id, ':', 1) <> 'person'
order by source_name, split_part(record_id, ':', 1), record_id
"""
CALLER = """
select calls.caller_number
from cleaned.int_interactions__unioned as contacts
inner join raw_phone.calls on contacts.source_record_id = calls.call_id
where
    contacts.source_name = 'phone'
    and 'interaction:' || contacts.interaction_id = any(%s)
    and calls.caller_number is not null
"""
PERSONAL = [
    (source, table)
    for source in SOURCES.values()
    for table in source.tables
    if table.personal or table.pseudonyms
]


UNREAD = """
insert into raw_phone._unreadable
    (_batch_id, table_name, _source_name, _source_row, reason, raw_text)
values
    (0, 'calls', 'a file', 1, 'wait_secs: ''' || %(value)s || ''' is no integer', ''),
    (0, 'calls', 'a file', 2, 'wait_secs: ''x'' is no integer', %(text)s),
    (0, 'calls', 'a file', 3, 'wait_secs: ''x'' is no integer', 'somebody else')
"""


@pytest.fixture(scope="module")
def erased(
    built: Warehouse, copy_of: Callable[[str], str]
) -> tuple[Warehouse, erase.Erasure]:
    """Return a copy of the whole world in which one record of each kind is erased."""
    warehouse = Warehouse(copy_of(built.dsn))
    with psycopg.connect(warehouse.dsn) as connection:
        ensure_landing(connection)
        records = [row[0] for row in connection.execute(ONE_OF_EACH)]
        caller = connection.execute(CALLER, [records]).fetchone()[0]
        text = f'{{"caller_number": "{caller}", "wait_secs": "x"}}'
        connection.execute(UNREAD, {"value": caller, "text": text})
        connection.execute(
            "insert into frontdesk.refused_events"
            " (way, subject, content_hash, reason, raw_text)"
            " values ('nats', 'tills', '', 'no such source', %s)",
            [text],
        )
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


def test_what_could_not_be_read_loses_the_values_too(
    erased: tuple[Warehouse, erase.Erasure],
) -> None:
    """Whole texts that hold one go; why they could not be read stays, unquoted."""
    rows = erased[0].frame(
        "select reason, coalesce(raw_text, 'none') as raw_text"
        " from raw_phone._unreadable where _source_name = 'a file' order by _source_row"
    )
    assert list(rows.reason) == [
        "wait_secs: 'erased' is no integer",
        "wait_secs: 'erased' is no integer",
        "wait_secs: 'x' is no integer",
    ]
    assert list(rows.raw_text) == ["none", "none", "somebody else"]
    refused = erased[0].frame(
        "select reason, coalesce(raw_text, 'none') as raw_text"
        " from frontdesk.refused_events"
    )
    assert refused.to_numpy().tolist() == [["no such source", "none"]]
    assert erased[1].tables["unreadable rows"] >= 3


def test_records_of_a_connector_are_refused(built: Warehouse) -> None:
    """Their raw tables are not ours."""
    with (
        psycopg.connect(built.dsn) as connection,
        pytest.raises(UserError, match="connector"),
    ):
        erase._keys(connection, ["person:zendesk/1"])
