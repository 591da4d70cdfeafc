"""The page and what it needs, read once, packed once; nothing comes from elsewhere."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

import orjson

FOLDER = Path(__file__).parent
STATIC = ("wall.css", "echarts.min.js", "charts.js", "wall.js")
LANGUAGES = ("en", "zh")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)


@dataclass(frozen=True)
class File:
    """One file as it is sent."""

    plain: bytes
    gzipped: bytes
    kind: str
    etag: str

    @classmethod
    def of(cls, text: bytes, kind: str) -> "File":
        """Pack a file."""
        mark = hashlib.sha256(text).hexdigest()[:16]
        return cls(text, gzip.compress(text, 9, mtime=0), kind, f'"{mark}"')


@dataclass(frozen=True)
class Page:
    """The page and its files by the name under which they are asked for."""

    index: File
    files: dict[str, File]


def words() -> dict[str, dict[str, str]]:
    """Return every word of the page by language."""
    return {
        language: orjson.loads((FOLDER / "words" / f"{language}.json").read_bytes())
        for language in LANGUAGES
    }


def load(ticket_url: str | None = None) -> Page:
    """Return the page; its files bear their contents in their names."""
    text = (FOLDER / "static" / "index.html").read_text(encoding="utf-8")
    files = {}
    named = [(name, (FOLDER / "static" / name).read_bytes()) for name in STATIC]
    told = {"words": words(), "ticket_url": ticket_url}
    named.append(("words.js", b"globalThis.WALL=" + orjson.dumps(told) + b";\n"))
    for name, content in named:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = File.of(content, f"{kind}; charset=utf-8")
        address = f"{file.etag.strip(chr(34))}-{name}"
        files[address] = file
        text = text.replace(f"static/{name}", f"static/{address}")
    return Page(File.of(text.encode(), "text/html; charset=utf-8"), files)
