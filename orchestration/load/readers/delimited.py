"""Reads CSV, TSV and their kin."""

import csv
import functools
import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from orchestration.load.readers.base import BAD_BYTES, Reading
from orchestration.load.readers.decoding import MARKED, Utf8Stream, unmark
from orchestration.raw.rows import BadRow, Chunk, shorten

BLOCK = 4 << 20
HEADER_LIMIT = 256 << 10
OTHER_DELIMITERS = {",": "a comma", ";": "';'", "\t": "a tab", "|": "'|'"}


def read(reading: Reading) -> Iterator[Chunk]:
    """Yield the rows of a delimited file, block by block."""
    stream = Utf8Stream(reading.stream, reading.format.encoding, reading.path)
    if stream.is_empty:
        raise reading.refuse("the file is empty, not even a header")
    header = _header(reading, stream)
    extras = reading.check_fields(header, _delimiter_hint(reading, header))
    first = stream.read(1 << 16)
    if not first:
        return
    stream.push_back(first)
    yield from _Blocks(reading, header, extras, stream)


def _header(reading: Reading, stream: Utf8Stream) -> list[str]:
    """Take the header record off the stream and return its names."""
    data = b""
    end = -1
    while end < 0 and len(data) < HEADER_LIMIT:
        more = stream.read(1 << 16)
        if not more:
            end = len(data)
            break
        data = (data + more).lstrip(b"\r\n")
        end = _record_end(data)
    if end < 0:
        raise reading.refuse("the first 256 kB hold no line end: this is no table")
    stream.push_back(data[end:].lstrip(b"\r\n"))
    text = data[:end].decode("utf-8", "replace")
    if not text.strip():
        raise reading.refuse("the file is empty, not even a header")
    if unmark(text) != text:
        raise reading.refuse(
            f"the header holds {BAD_BYTES.format(encoding=reading.format.encoding)}; "
            "declare the encoding of the file"
        )
    names = [
        name.strip() or f"column_{number}"
        for number, name in enumerate(_split(text, reading.format.delimiter), 1)
    ]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise reading.refuse(f"column '{twice}' stands twice in the header")
    return names


def _record_end(data: bytes) -> int:
    """Return where the first record ends, -1 when it does not end here."""
    quoted = False
    for position, byte in enumerate(data):
        if byte == 0x22:
            quoted = not quoted
        elif byte in b"\r\n" and not quoted:
            return position
    return -1


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return [text]


def _delimiter_hint(reading: Reading, header: list[str]) -> str:
    """Say which delimiter the header looks like, when it is another one."""
    if len(header) > 1:
        return ""
    for delimiter, name in OTHER_DELIMITERS.items():
        names = [cell.strip() for cell in _split(header[0], delimiter)]
        if delimiter != reading.format.delimiter and len(names) > 1:
            declared = OTHER_DELIMITERS.get(
                reading.format.delimiter, repr(reading.format.delimiter)
            )
            return (
                f"the header is one cell when split at {declared}: "
                f"the delimiter looks like {name}"
            )
    return ""


class _FullBlocks(io.RawIOBase):
    """A stream whose every block but the last is as long as was asked for.

    Arrow takes a block that holds no line end for a record that never ends, and a
    stream that decodes leaves blocks of a byte or two behind.
    """

    def __init__(self, stream: Utf8Stream) -> None:
        """Wrap the stream."""
        self._stream = stream

    def readable(self) -> bool:
        """Return true: this is what it is for."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        data = self._stream.read(size)
        while data and len(data) < size:
            more = self._stream.read(size - len(data))
            if not more:
                break
            data += more
        return data


class _Blocks:
    """The rows behind the header; keeps the row numbers across blocks."""

    def __init__(
        self,
        reading: Reading,
        header: list[str],
        extras: tuple[str, ...],
        stream: Utf8Stream,
    ) -> None:
        self._reading = reading
        self._header = header
        self._extras = extras
        self._stream = stream
        self._refused: dict[int, tuple[int, str]] = {}
        # blocks are parsed ahead, so a number may be skipped before it is reached
        self._skipped: set[int] = set()
        self._next = 1

    def __iter__(self) -> Iterator[Chunk]:
        reading = self._reading
        try:
            for batch in self._open():
                yield self._chunk(batch.columns, self._numbers(batch.num_rows))
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise reading.refuse(
                    f"near row {self._next} a record does not end: a quote is opened "
                    "and never closed, or the file is not delimited text"
                ) from error
        if self._refused:
            yield self._chunk([pa.array([], pa.string())] * len(self._header), [])

    def _open(self) -> pa_csv.CSVStreamingReader:
        names = [str(number) for number in range(len(self._header))]
        return pa_csv.open_csv(
            pa.PythonFile(_FullBlocks(self._stream), mode="r"),
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=BLOCK, column_names=names
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self._reading.format.delimiter,
                newlines_in_values=True,
                invalid_row_handler=self._refuse,
            ),
            convert_options=pa_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=list(self._reading.format.null_tokens),
                strings_can_be_null=True,
                # a quoted empty text is a text, as the source said
                quoted_strings_can_be_null=False,
            ),
        )

    def _refuse(self, row: pa_csv.InvalidRow) -> str:
        self._refused[row.number] = (row.actual_columns, row.text)
        self._skipped.add(row.number)
        return "skip"

    def _numbers(self, count: int) -> np.ndarray:
        """Return the row numbers of the next good rows, past the refused ones."""
        if not self._skipped:
            self._next += count
            return np.arange(self._next - count, self._next)
        numbers = np.arange(self._next, self._next + count + len(self._skipped))
        numbers = np.setdiff1d(numbers, list(self._skipped), assume_unique=True)
        self._next = int(numbers[count - 1]) + 1 if count else self._next
        self._skipped = {n for n in self._skipped if n >= self._next}
        return numbers[:count]

    def _chunk(self, columns: list[pa.Array], numbers: np.ndarray) -> Chunk:
        bad, salvaged = self._take_refused()
        if salvaged:
            rescued = zip(*(cells for _, cells in salvaged), strict=True)
            nulls = set(self._reading.format.null_tokens)
            columns = [
                pa.concat_arrays(
                    [column, pa.array([None if c in nulls else c for c in cells])]
                )
                for column, cells in zip(columns, rescued, strict=True)
            ]
            numbers = np.append(numbers, [number for number, _ in salvaged])
        marked = _marked_rows(columns) if self._stream.has_marks else None
        if marked is not None:
            bad += self._undecodable(columns, numbers, marked)
            keep = pc.invert(marked)
            columns = [column.filter(keep) for column in columns]
            numbers = np.asarray(numbers)[np.asarray(keep)]
        return Chunk(
            path=self._reading.path,
            fields=dict(zip(self._header, columns, strict=True)),
            rows=np.asarray(numbers, dtype=np.int64),
            raw_text=lambda index: self._row_text(columns, index),
            extras=self._extras,
            bad=bad,
        )

    def _take_refused(self) -> tuple[list[BadRow], list[tuple[int, list[str]]]]:
        """Return the refused rows, and good lines a stray quote had swallowed."""
        bad: list[BadRow] = []
        salvaged: list[tuple[int, list[str]]] = []
        expected = len(self._header)
        for number, (actual, text) in sorted(self._refused.items()):
            good, rest = self._rescue(text)
            salvaged += [(number, cells) for cells in good]
            for line in rest:
                reason = f"{actual} fields where the header has {expected}"
                if line.count('"') % 2:
                    reason = "a quote that is opened and never closed"
                bad.append(BadRow(number, reason, shorten(unmark(line))))
        self._refused.clear()
        return bad, salvaged

    def _rescue(self, text: str) -> tuple[list[list[str]], list[str]]:
        """Split a refused record into the good lines it swallowed and the rest."""
        first, *others = text.splitlines() or [text]
        good: list[list[str]] = []
        rest = [first]
        for line in others:
            cells = _split(line, self._reading.format.delimiter)
            if len(cells) == len(self._header) and line.count('"') % 2 == 0:
                good.append(cells)
            else:
                rest.append(line)
        return (good, rest) if good else ([], [text])

    def _undecodable(
        self, columns: list[pa.Array], numbers: np.ndarray, marked: pa.Array
    ) -> list[BadRow]:
        reason = BAD_BYTES.format(encoding=self._reading.format.encoding)
        return [
            BadRow(int(numbers[i]), reason, self._row_text(columns, int(i)))
            for i in np.flatnonzero(np.asarray(marked))
        ]

    def _row_text(self, columns: list[pa.Array], index: int) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=self._reading.format.delimiter).writerow(
            [column[index].as_py() for column in columns]
        )
        return shorten(unmark(out.getvalue().rstrip("\r\n")))


def _marked_rows(columns: list[pa.Array]) -> pa.Array | None:
    """Return which rows hold bytes that did not decode, None when none does."""
    marked = functools.reduce(
        pc.or_,
        (pc.fill_null(pc.match_substring_regex(c, MARKED), False) for c in columns),
    )
    return marked if pc.any(marked).as_py() else None
