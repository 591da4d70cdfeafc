"""Reads sheets of Excel workbooks."""

import datetime as dt
import io
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
import orjson
import pyarrow as pa
from openpyxl.utils.exceptions import InvalidFileException

from orchestration.load.readers.base import Reading
from orchestration.raw.rows import Chunk, shorten

CHUNK_ROWS = 10_000
SPOOL = 32 << 20


def seekable(stream: BinaryIO) -> BinaryIO:
    """Return the stream, or a copy of it on disk when it cannot seek."""
    if isinstance(stream, io.BufferedReader):
        return stream
    copy = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115
    while block := stream.read(1 << 20):
        copy.write(block)
    copy.seek(0)
    return copy  # type: ignore[return-value]


def read(reading: Reading) -> Iterator[Chunk]:
    """Yield the rows of one sheet; its first row is the header."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                seekable(reading.stream), read_only=True, data_only=True
            )
            yield from _rows(reading, book)
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ParseError,
        ValueError,
    ) as error:
        raise reading.refuse(
            f"this is no Excel workbook (.xlsx) that can be read ({error})"
        ) from error


def _rows(reading: Reading, book: openpyxl.Workbook) -> Iterator[Chunk]:
    wanted = reading.format.sheet
    if wanted and wanted not in book.sheetnames:
        found = ", ".join(book.sheetnames)
        raise reading.refuse(f"there is no sheet '{wanted}'; there are: {found}")
    sheet = book[wanted] if wanted else book.worksheets[0]
    cells = sheet.iter_rows(values_only=True)
    header = [_text(cell) for cell in next(cells, ())]
    while header and header[-1] is None:
        header.pop()
    if not header:
        raise reading.refuse("the sheet is empty, not even a header")
    names = [(n or "").strip() or f"column_{i}" for i, n in enumerate(header, 1)]
    extras = reading.check_fields(names)
    pending: list[tuple[Any, ...]] = []
    rows: list[int] = []
    for number, row in enumerate(cells, 1):
        if any(cell is not None for cell in row):
            pending.append((*row, *[None] * (len(names) - len(row)))[: len(names)])
            rows.append(number)
        if len(pending) >= CHUNK_ROWS:
            yield _chunk(reading, names, extras, pending, rows)
            pending, rows = [], []
    if pending:
        yield _chunk(reading, names, extras, pending, rows)


def _chunk(
    reading: Reading,
    names: list[str],
    extras: tuple[str, ...],
    pending: list[tuple[Any, ...]],
    rows: list[int],
) -> Chunk:
    nulls = set(reading.format.null_tokens)
    texts = [[_text(cell) for cell in row] for row in pending]
    fields = {
        name: pa.array(
            [None if row[i] in nulls else row[i] for row in texts], pa.string()
        )
        for i, name in enumerate(names)
    }

    def raw_text(index: int) -> str:
        pairs = zip(names, texts[index], strict=True)
        return shorten(orjson.dumps(dict(pairs)).decode())

    return Chunk(reading.path, fields, np.array(rows, np.int64), raw_text, extras)


def _text(cell: Any) -> str | None:  # noqa: ANN401
    """Return a cell as the text a person would write for it."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
