"""Events as typed rows: the same judgement as that of files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.live.landing.events import Event
from orchestration.raw.casting import cast_chunk
from orchestration.raw.rows import PARENT, Chunk, to_array, to_text
from orchestration.raw.sources import SOURCES, Format, Table


@dataclass(frozen=True)
class Typed:
    """The events of one table that fit, as rows to copy, and those that do not."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    refused: list[tuple[Event, str]]


@lru_cache(maxsize=256)
def stream_format(table: Table) -> Format:
    """Return how the events of a table are read: as its files are, and ISO times.

    A moment should carry its offset. One without is read in the zone of the table's
    files, or in UTC where they have several.
    """
    zones = {format_.zone for format_ in table.formats}
    first = table.formats[0]
    return replace(
        first,
        reader="json_lines",
        zone=first.zone if len(zones) == 1 else "UTC",
        times=tuple(dict.fromkeys((*first.times, "iso"))),
        dates=tuple(dict.fromkeys((*first.dates, "iso"))),
        ignored=(),
    )


def cast_events(table: Table, way: str, events: Sequence[Event]) -> Typed:
    """Return the events of one table as rows; every one of them is in the answer."""
    missing = {i: r for i, e in enumerate(events) if (r := _missing(table, e))}
    refused = [(events[i], reason) for i, reason in missing.items()]
    whole = [event for i, event in enumerate(events) if i not in missing]
    if not whole:
        return Typed((), [], refused)
    batch, bad = cast_chunk(table, stream_format(table), _chunk(table, way, whole))
    refused += [(whole[row.row], row.reason) for row in bad]
    places = batch.column("_source_row").to_pylist()
    if batch.column("_extra").null_count == batch.num_rows:
        batch = batch.drop_columns("_extra")
    numbers = pa.array([whole[place].number for place in places], pa.int64())
    at = batch.schema.get_field_index("_source_row")
    batch = batch.set_column(at, "_source_row", numbers)
    rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return Typed(tuple(batch.schema.names), rows, refused)


def _missing(table: Table, event: Event) -> str:
    """Return why an event cannot be a row, where that needs no look at its values."""
    if event.reason or event.record is None:
        return event.reason or "not a JSON object"
    for column in table.columns:
        if column.required and column.field not in event.record:
            return f"field '{column.field}' of {table.name} is missing"
    return ""


def _chunk(table: Table, way: str, events: list[Event]) -> Chunk:
    """Return events as the readers of files return their rows."""
    records = [event.record or {} for event in events]
    fields: dict[str, pa.Array] = {}
    for column in table.columns:
        name = column.from_parent or column.field
        if name is None:
            continue
        values = [record.get(name) for record in records]
        # a text must not depend on what other events of its batch say
        fields[PARENT + name if column.from_parent else name] = (
            pa.array([to_text(value) for value in values], pa.string())
            if column.type == "text"
            else to_array(values)
        )
    declared = {c.from_parent or c.field for c in table.columns}
    extras = dict.fromkeys(
        name for record in records for name in record if name not in declared
    )
    for name in extras:
        fields[name] = _objects([record.get(name) for record in records])
    return Chunk(
        path=f"stream:{way}",
        fields=fields,
        rows=np.arange(len(events)),
        raw_text=lambda index: events[index].text(),
        extras=tuple(extras),
    )


def _objects(values: list[Any]) -> pa.Array:
    """Return undeclared values; text where one array cannot hold them as they are."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError):
        return pa.array([to_text(value) for value in values], pa.string())


def warm_up() -> None:
    """Cast a row of each table that streams feed: the first cast of all is slow."""
    for source in SOURCES.values():
        for table in source.tables:
            record = {column.field: None for column in table.columns if column.field}
            event = Event(source.name, table.name, "", b"", record, 0, 0.0)
            cast_events(table, "warm", [event])
