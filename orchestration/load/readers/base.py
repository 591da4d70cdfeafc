"""What every reader takes and gives."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from orchestration.raw.rows import (
    PARENT,
    BadRow,
    Chunk,
    to_array,
)
from orchestration.raw.sources import Format, Table
from orchestration.settings import UserError

CHUNK_ROWS = 50_000
BAD_BYTES = "bytes that are not {encoding}"


@dataclass
class Reading:
    """One open file or member, and the declaration it is read by."""

    path: str
    stream: BinaryIO
    table: Table
    format: Format

    @property
    def fields(self) -> dict[str, bool]:
        """Return the declared fields and whether each is required."""
        return {c.field: c.required for c in self.table.columns if c.field is not None}

    def refuse(self, reason: str) -> UserError:
        """Return the error that says why this file cannot be read."""
        return UserError(f"{self.path}: {reason}")

    def check_fields(self, names: Iterable[str], hint: str = "") -> tuple[str, ...]:
        """Return the undeclared names; refuse when a required one is missing."""
        names = tuple(names)
        declared = self.fields
        unknown = tuple(n for n in names if n not in declared)
        missing = [n for n, needed in declared.items() if needed and n not in names]
        if not missing:
            return tuple(n for n in unknown if n not in self.format.ignored)
        nearest = difflib.get_close_matches(missing[0], unknown, n=1, cutoff=0.5)
        renamed = f" (renamed to '{nearest[0]}'?)" if nearest else ""
        found = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise self.refuse(
            f"column '{missing[0]}' of {self.table.name} is missing{renamed}; "
            f"{hint or f'the file has {found}'}"
        )


def records_chunk(
    reading: Reading,
    records: list[dict[str, Any]],
    rows: list[int],
    bad: list[BadRow],
    raw_text: Callable[[int], str],
    present: Iterable[str],
) -> Chunk:
    """Return records (dictionaries) as a chunk; `present`: the fields in them."""
    declared = reading.fields
    extras = tuple(
        name
        for name in present
        if name not in declared
        and name not in reading.format.ignored
        and not name.startswith(PARENT)
    )
    parents = [PARENT + c.from_parent for c in reading.table.columns if c.from_parent]
    fields = {
        name: to_array([record.get(name) for record in records])
        for name in (*declared, *parents, *extras)
    }
    numbers = np.array(rows, dtype=np.int64)
    return Chunk(reading.path, fields, numbers, raw_text, extras, bad)
