"""One module per way of reading a file."""

from collections.abc import Callable, Iterator
from pathlib import Path

from orchestration.load.readers import (
    delimited,
    json_document,
    json_lines,
    parquet,
    xlsx,
)
from orchestration.load.readers.base import Reading
from orchestration.load.readers.opening import members, readable
from orchestration.raw.rows import Chunk
from orchestration.raw.sources import Format, Table

READERS: dict[str, Callable[[Reading], Iterator[Chunk]]] = {
    "delimited": delimited.read,
    "json_lines": json_lines.read,
    "json": json_document.read,
    "xlsx": xlsx.read,
    "parquet": parquet.read,
}


def read_file(path: Path, table: Table, format_: Format) -> Iterator[Chunk]:
    """Yield the rows of a file for a table; UserError when it cannot be read."""
    reader = READERS[format_.reader]
    with readable(path):
        for name, stream in members(path, format_.members):
            yield from reader(Reading(name, stream, table, format_))
