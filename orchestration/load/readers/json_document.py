"""Reads one large JSON document piece by piece, down to the records named."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from orchestration.load.readers.base import BAD_BYTES, Reading, records_chunk
from orchestration.load.readers.decoding import Utf8Stream, unmark
from orchestration.raw.rows import PARENT, BadRow, Chunk, shorten

BLOCK = 1 << 20
# records wait here as dictionaries, which take more room than lines
CHUNK_ROWS = 20_000
HALF = re.compile(r"\\u[dD][89a-fA-F]")
SPACE = re.compile(r"[ \t\r\n]*")


def read(reading: Reading) -> Iterator[Chunk]:
    """Yield the records at the path `records`, e.g. `conversations[].messages`."""
    stream = Utf8Stream(reading.stream, reading.format.encoding, reading.path)
    if stream.is_empty:
        raise reading.refuse("the file is empty")
    top, *deeper = (reading.format.records or "").split("[].")
    carried = tuple(c.from_parent for c in reading.table.columns if c.from_parent)
    pending = _Pending(reading)
    document = _Document(reading, stream)
    for element in document.elements(top.split(".") if top else []):
        for record in _descend(element, deeper, carried):
            pending.add(record, suspicious=document.suspicious)
        if len(pending.records) >= CHUNK_ROWS:
            yield pending.take()
    if pending.records or pending.bad:
        yield pending.take()


class _Pending:
    """Records read and not yet handed on."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._row = 0
        self._checked = False
        self._clear()

    def _clear(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.rows: list[int] = []
        self.bad: list[BadRow] = []

    def add(self, record: Any, *, suspicious: bool) -> None:  # noqa: ANN401
        """Keep one record, or the reason it cannot be kept."""
        self._row += 1
        problem = None
        if suspicious or not isinstance(record, dict):
            problem = _problem(self._reading, record)
        if problem:
            self.bad.append(BadRow(self._row, problem, _dump(record)))
            return
        # what belongs to another table need not wait here
        for name in self._reading.format.ignored:
            record.pop(name, None)
        self.records.append(record)
        self.rows.append(self._row)

    def take(self) -> Chunk:
        """Return what is kept as a chunk and start anew."""
        records = self.records
        present = dict.fromkeys(name for record in records for name in record)
        if records and not self._checked:
            self._reading.check_fields(n for n in present if not n.startswith(PARENT))
            self._checked = True
        chunk = records_chunk(
            self._reading,
            records,
            self.rows,
            self.bad,
            lambda index: _dump(records[index]),
            present,
        )
        self._clear()
        return chunk


class _Document:
    """A cursor in a JSON text that is longer than memory should hold."""

    def __init__(self, reading: Reading, stream: Utf8Stream) -> None:
        self._reading = reading
        self._stream = stream
        self._decoder = json.JSONDecoder(strict=False)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._at = 0
        self._size = BLOCK
        # whether some text so far may hold what cannot land: bytes that did not
        # decode, or an escaped half of a character
        self.suspicious = False

    def elements(self, path: list[str]) -> Iterator[Any]:
        """Yield the elements of the array at the path, then check the end."""
        found = False
        for element in self._walk(path):
            found = True
            if element is not _FOUND:
                yield element
        if not found:
            raise self._reading.refuse(
                f"the document has no list '{self._reading.format.records}'"
            )
        if self._peek():
            raise self._refuse("text stands behind the end of the document")

    def _walk(self, path: list[str]) -> Iterator[Any]:
        """Yield a mark when the path exists, then its elements."""
        if not path:
            if self._peek() == "[":
                yield _FOUND
                yield from self._items("[", "]")
            else:
                yield self._value()
            return
        if self._peek() != "{":
            raise self._refuse("a JSON object should stand here")
        for _ in self._brackets("{", "}"):
            key = self._value()
            self._expect(":")
            if key == path[0]:
                yield from self._walk(path[1:])
            else:
                self._value()

    def _items(self, opening: str, closing: str) -> Iterator[Any]:
        for _ in self._brackets(opening, closing):
            yield self._value()

    def _brackets(self, opening: str, closing: str) -> Iterator[None]:
        """Yield once before each item between brackets."""
        self._expect(opening)
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            yield None
            if self._peek() == closing:
                self._at += 1
                return
            self._expect(",")

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise self._refuse(f"'{character}' should stand here")
        self._at += 1

    def _peek(self) -> str:
        """Return the next character that is no space, '' at the end."""
        while True:
            match = SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> Any:  # noqa: ANN401
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                # a number may go on in the next block
                if end < len(self._text) or not self._more():
                    self._at = end
                    self._size = BLOCK
                    return value
            except (json.JSONDecodeError, RecursionError) as error:
                # each try reads twice as much, so a huge value costs no more than
                # twice its size
                self._size *= 2
                if not self._more():
                    raise self._refuse(f"it is cut short or broken ({error})") from None

    def _more(self) -> bool:
        block = self._stream.read(self._size)
        if not block:
            return False
        # the incremental decoder keeps a character cut by the end of the block
        self._text = self._text[self._at :] + self._utf8.decode(block)
        if self._stream.has_marks or HALF.search(self._text):
            self.suspicious = True
        self._at = 0
        return True

    def _refuse(self, problem: str) -> Exception:
        return self._reading.refuse(f"not a JSON document: {problem}")


_FOUND = object()


def _descend(
    element: Any,  # noqa: ANN401
    path: list[str],
    carried: tuple[str, ...],
) -> Iterator[Any]:
    """Yield the records below one element, with the carried fields of parents."""
    if not path or not isinstance(element, dict):
        yield element
        return
    inherited = {
        name if name.startswith(PARENT) else PARENT + name: value
        for name, value in element.items()
        if name.startswith(PARENT) or name in carried
    }
    children: Any = element
    for name in path[0].split("."):
        children = children.get(name) if isinstance(children, dict) else None
    for child in children or ():
        if isinstance(child, dict):
            child = {**inherited, **child}
        yield from _descend(child, path[1:], carried)


def _problem(reading: Reading, record: Any) -> str | None:  # noqa: ANN401
    if not isinstance(record, dict):
        return "not a JSON object"
    text = "".join(value for value in record.values() if isinstance(value, str))
    if text.isascii():
        return None
    if unmark(text) != text:
        return BAD_BYTES.format(encoding=reading.format.encoding)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return None


def _dump(record: Any) -> str:  # noqa: ANN401
    plain = (
        {name: value for name, value in record.items() if not name.startswith(PARENT)}
        if isinstance(record, dict)
        else record
    )
    text = json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace").decode()
    return shorten(unmark(text))
