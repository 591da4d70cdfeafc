"""One snapshot for all viewers: built, packed and handed out once.

A viewer's stream is one gzip stream. Each event is packed on its own, from an empty
dictionary to a byte's edge, so the same bytes fit into everybody's stream wherever it
stands: packing costs the same for one viewer and for two hundred.
"""

import asyncio
import gzip
import hashlib
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson

GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
MOST_BEHIND = 4
"""Events that a slow viewer may owe; after that it gets the whole snapshot instead."""
STILL_SECONDS = 10
"""A silent stream says that often that it is alive, so that middlemen keep it."""


def packed(text: bytes) -> bytes:
    """Return a part of a gzip stream that needs nothing of what came before it."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)


@dataclass(frozen=True)
class Frame:
    """One event, plain and packed."""

    plain: bytes
    packed: bytes

    @classmethod
    def of(cls, event: str, data: bytes) -> "Frame":
        """Return an event of the stream."""
        plain = b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
        return cls(plain, packed(plain))


@dataclass(eq=False)
class Viewer:
    """Somebody who looks at the wall."""

    is_packed: bool
    waiting: deque[Frame] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_gone: bool = False

    def leave(self) -> None:
        """Hear that nobody looks any more."""
        self.is_gone = True
        self.wake.set()

    def give(self, frame: Frame, instead: Frame | None) -> None:
        """Hand over an event, or all there is to one that has fallen behind."""
        if len(self.waiting) >= MOST_BEHIND:
            self.waiting.clear()
            frame = instead or frame
        self.waiting.append(frame)
        self.wake.set()


@dataclass(frozen=True)
class Document:
    """The whole snapshot as a page may fetch it."""

    plain: bytes
    gzipped: bytes
    etag: str


class Hub:
    """Holds the newest snapshot and those who look at it."""

    def __init__(self, most_viewers: int = 2000) -> None:
        """Begin with nothing to show."""
        self.viewers: set[Viewer] = set()
        self.most_viewers = most_viewers
        self.parts: dict[str, bytes] = {}
        self.document: Document | None = None
        self.whole: Frame | None = None
        self.taken = 0.0
        self.trouble: str | None = None
        self.is_closed = False
        self._last_said = time.monotonic()

    def age(self) -> float | None:
        """Return the seconds since the snapshot was taken."""
        return time.monotonic() - self.taken if self.document else None

    def publish(self, snapshot: dict[str, Any]) -> None:
        """Show a snapshot: all of it to newcomers, to the others what is new."""
        parts = {
            name: orjson.dumps(value, default=float) for name, value in snapshot.items()
        }
        new = {
            name: text for name, text in parts.items() if self.parts.get(name) != text
        }
        self.parts, self.taken, self.trouble = parts, time.monotonic(), None
        text = _joined(parts)
        self.document = Document(
            text,
            gzip.compress(text, 6, mtime=0),
            f'"{hashlib.sha256(text).hexdigest()[:24]}"',
        )
        self.whole = Frame.of("snapshot", text)
        self._say(Frame.of("change", _joined(new)))

    def complain(self, kind: str) -> None:
        """Tell everybody why no snapshot comes; once for each kind of trouble."""
        if kind != self.trouble:
            self.trouble = kind
            self._say(Frame.of("trouble", orjson.dumps({"kind": kind})))

    def _say(self, frame: Frame) -> None:
        """Hand an event to every viewer."""
        self._last_said = time.monotonic()
        for viewer in self.viewers:
            viewer.give(frame, self.whole)

    def close(self) -> None:
        """Send everybody home."""
        self.is_closed = True
        for viewer in self.viewers:
            viewer.leave()

    async def keep_alive(self) -> None:
        """Say from time to time that the stream is alive, when nothing else is."""
        still = Frame(b": still here\n\n", packed(b": still here\n\n"))
        while True:
            await asyncio.sleep(STILL_SECONDS)
            if time.monotonic() - self._last_said >= STILL_SECONDS:
                self._say(still)

    async def watch(self, viewer: Viewer) -> AsyncIterator[bytes]:
        """Yield what one viewer is to receive, until it leaves."""
        hello = {"age": self.age(), "trouble": self.trouble}
        viewer.waiting.append(Frame.of("hello", orjson.dumps(hello)))
        if self.whole:
            viewer.waiting.append(self.whole)
        self.viewers.add(viewer)
        try:
            if viewer.is_packed:
                yield GZIP_HEADER
            while not (viewer.is_gone or self.is_closed):
                if viewer.waiting:
                    frames = list(viewer.waiting)
                    viewer.waiting.clear()
                    viewer.wake.clear()
                    yield b"".join(
                        frame.packed if viewer.is_packed else frame.plain
                        for frame in frames
                    )
                else:
                    await viewer.wake.wait()
                    viewer.wake.clear()
        finally:
            self.viewers.discard(viewer)


def _joined(parts: dict[str, bytes]) -> bytes:
    """Return one JSON object of values that are JSON already."""
    body = b",".join(orjson.dumps(name) + b":" + text for name, text in parts.items())
    return b"{" + body + b"}"
