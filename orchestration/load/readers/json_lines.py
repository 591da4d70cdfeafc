"""Reads files with one JSON object a line."""

from collections.abc import Iterator
from typing import Any

import orjson

from orchestration.load.readers.base import (
    BAD_BYTES,
    CHUNK_ROWS,
    Reading,
    records_chunk,
)
from orchestration.load.readers.decoding import (
    MARK_START,
    Utf8Stream,
    unmark,
)
from orchestration.raw.rows import BadRow, Chunk, shorten

BLOCK = 4 << 20
LINE_LIMIT = 64 << 20


def read(reading: Reading) -> Iterator[Chunk]:
    """Yield the objects of a file, some thousand lines at a time."""
    stream = Utf8Stream(reading.stream, reading.format.encoding, reading.path)
    number, seen = 1, False
    for lines in _blocks(reading, stream):
        for start in range(0, len(lines), CHUNK_ROWS):
            part = lines[start : start + CHUNK_ROWS]
            chunk, present = _chunk(reading, part, number)
            number += len(part)
            if present and not seen:
                reading.check_fields(present)
                seen = True
            yield chunk


def _blocks(reading: Reading, stream: Utf8Stream) -> Iterator[list[bytes]]:
    """Yield whole lines, in blocks of bounded size."""
    rest, first = b"", True
    while block := stream.read(BLOCK):
        if first and block.lstrip().startswith(b"["):
            raise reading.refuse(
                "this is one JSON array, not JSON lines; declare reader='json'"
            )
        first = False
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > LINE_LIMIT:
            raise reading.refuse("a line is longer than 64 MB: these are no JSON lines")
        yield lines
    if rest:
        yield [rest]


def _chunk(
    reading: Reading, lines: list[bytes], number: int
) -> tuple[Chunk, dict[str, None]]:
    """Return the lines as a chunk, and the fields that occur in them."""
    records: list[dict[str, Any]] = []
    rows: list[int] = []
    bad: list[BadRow] = []
    for row, line in enumerate(lines, number):
        try:
            record = orjson.loads(line)
            if isinstance(record, dict) and MARK_START not in line:
                records.append(record)
                rows.append(row)
                continue
        except orjson.JSONDecodeError:
            pass
        if line.strip():
            bad.append(_bad(reading, row, line))
    present = dict.fromkeys(name for record in records for name in record)

    def raw_text(index: int) -> str:
        return shorten(lines[rows[index] - number].decode("utf-8", "replace").strip())

    return records_chunk(reading, records, rows, bad, raw_text, present), present


def _bad(reading: Reading, row: int, line: bytes) -> BadRow:
    text = line.decode("utf-8", "replace").strip()
    if unmark(text) != text:
        reason = BAD_BYTES.format(encoding=reading.format.encoding)
    else:
        try:
            orjson.loads(line)
            reason = "not a JSON object"
        except orjson.JSONDecodeError as error:
            reason = f"not JSON: {str(error).split(': line')[0]}"
    return BadRow(row, reason, shorten(unmark(text)))
