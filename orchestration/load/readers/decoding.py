"""Turns bytes of any encoding into UTF-8, marking what cannot be decoded."""

import codecs
import io
from typing import BinaryIO

from orchestration.settings import UserError

# a byte that does not decode becomes a private code point, so that the row stays
# findable and no reader behind this one ever sees invalid text
MARK = 0x10FE00
MARKED = f"[{chr(MARK)}-{chr(MARK + 0xFF)}]"
MARK_START = chr(MARK).encode()[:2]
_UNMARK = {MARK + byte: f"\\x{byte:02x}" for byte in range(256)}
BINARY_STARTS = {
    b"PK\x03\x04": "a zip or Excel file",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"SQLite format 3": "a database",
}


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(MARK + byte) for byte in bad), error.end


codecs.register_error("frontdesk_mark", _mark)


def unmark(text: str) -> str:
    """Return text with marked bytes written as `\\xNN`."""
    return text.translate(_UNMARK)


class Utf8Stream(io.RawIOBase):
    """A stream of bytes in some encoding, read as UTF-8 without a mark at its start."""

    def __init__(self, stream: BinaryIO, encoding: str, path: str) -> None:
        """Wrap the stream; UserError when its start shows that it is no text."""
        self._stream = stream
        codec = codecs.lookup(encoding).name
        self._ascii_alike = codec not in (
            "utf-16",
            "utf-16-le",
            "utf-16-be",
            "utf-32",
        )
        self._decoder = codecs.getincrementaldecoder(encoding)("frontdesk_mark")
        self._ended = False
        self.has_marks = False
        first = stream.read(1 << 16)
        self.is_empty = not first
        _refuse_binary(first, path, self._ascii_alike)
        if (
            first.startswith(codecs.BOM_UTF8)
            and codecs.lookup(encoding).name == "utf-8"
        ):
            first = first[3:]
        self._pending = self._decode(first, final=False)

    def readable(self) -> bool:
        """Return true: this is what it is for."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes of UTF-8, b'' at the end."""
        if self._pending:
            if 0 <= size < len(self._pending):
                out, self._pending = self._pending[:size], self._pending[size:]
                return out
            out, self._pending = self._pending, b""
            return out
        while not self._ended:
            block = self._stream.read(size if size > 0 else 1 << 20)
            self._ended = not block
            out = self._decode(block, final=self._ended)
            if 0 <= size < len(out):
                self._pending = out[size:]
                return out[:size]
            if out:
                return out
        return b""

    def push_back(self, data: bytes) -> None:
        """Put bytes back, to be read next."""
        self._pending = data + self._pending

    def _decode(self, block: bytes, *, final: bool) -> bytes:
        if self._ascii_alike and block.isascii() and not self._decoder.getstate()[0]:
            return block
        out = self._decoder.decode(block, final).encode("utf-8", "replace")
        self.has_marks = self.has_marks or MARK_START in out
        return out


def _refuse_binary(first: bytes, path: str, ascii_alike: bool) -> None:
    for start, what in BINARY_STARTS.items():
        if first.startswith(start):
            raise UserError(f"{path}: this is {what}, not text; check its name")
    if not ascii_alike:
        return
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UserError(f"{path}: this is UTF-16; declare encoding='utf-16' or re-save")
    if first.count(0) * 100 > len(first) or b"\0" in first.split(b"\n", 1)[0]:
        raise UserError(f"{path}: this is a binary file, not text (it holds NUL bytes)")
