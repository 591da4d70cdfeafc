"""What an event is, and how one is read out of what a channel sends."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from orchestration.raw.rows import shorten
from orchestration.raw.sources import SOURCES, Table

ID_LIMIT = 200
HASH_BYTES = 16


class BodyError(ValueError):
    """A body that is no JSON at all: nothing of it can be landed."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of one raw table, on its way; or why it cannot become one."""

    source: str
    table: str
    event_id: str
    """What the sender calls it; by its content where the sender says nothing."""
    content: bytes
    """A hash of what it says: the same id with another one is a contradiction."""
    record: dict[str, Any] | None
    number: int
    """What becomes of `_source_row`: later ones are greater."""
    sent_at: float
    """When the sender let go of it, in seconds; lag is counted from here."""
    reason: str = ""
    raw_text: str = ""

    def text(self) -> str:
        """Return what it said, as it is kept where it cannot land."""
        if self.raw_text or self.record is None:
            return self.raw_text
        return shorten(orjson.dumps(self.record, default=str).decode())


def find_table(source: str, table: str) -> Table | None:
    """Return the raw table of a source; None when one of them is unknown."""
    declared = SOURCES.get(source)
    if declared is None:
        return None
    return next((known for known in declared.tables if known.name == table), None)


def read_body(body: bytes, *, as_lines: bool) -> list[Any]:
    """Return the values in a body: one object, an array of them, or one a line.

    A line that is no JSON is returned as its bytes: the others are good.

    Raises:
        BodyError: when the body as a whole is no JSON.
    """
    if as_lines:
        return [_line(line) for line in body.split(b"\n") if line.strip()]
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BodyError(_complaint(error)) from None
    return value if isinstance(value, list) else [value]


def _line(line: bytes) -> Any:  # noqa: ANN401
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line


def _complaint(error: orjson.JSONDecodeError) -> str:
    return f"not JSON: {str(error).split(': line')[0]}"


def read_event(
    source: str,
    table: str,
    value: Any,  # noqa: ANN401
    *,
    number: int,
    sent_at: float,
    event_id: str | None = None,
) -> Event:
    """Return one event; its reason is set when no row can come of it.

    The value is a row, or an envelope `{"id": ..., "data": {row}}` as CloudEvents
    write it, whose `time` says when it was sent. Bytes are read as JSON.
    """
    if isinstance(value, bytes):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            text = shorten(value.decode("utf-8", "replace").strip())
            return _unreadable(
                (source, table, event_id), value, text, _complaint(error), number
            )
    record = value
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        record = value["data"]
        if value.get("id") is not None:
            event_id = str(value["id"])
        sent_at = _moment(value.get("time")) or sent_at
    dumped = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    if not isinstance(record, dict):
        text = shorten(dumped.decode())
        named = (source, table, event_id)
        return _unreadable(named, dumped, text, "not a JSON object", number)
    reason = _id_problem(event_id)
    content = content_hash(dumped)
    if reason or not event_id:
        event_id = f"content:{content.hex()}"
    return Event(
        source, table, event_id, content, record, number, sent_at, reason=reason
    )


def _unreadable(
    named: tuple[str, str, str | None],
    body: bytes,
    text: str,
    reason: str,
    number: int,
) -> Event:
    source, table, event_id = named
    content = content_hash(body)
    if not event_id or _id_problem(event_id):
        event_id = f"content:{content.hex()}"
    return Event(source, table, event_id, content, None, number, 0.0, reason, text)


def _id_problem(event_id: str | None) -> str:
    if event_id and len(event_id) > ID_LIMIT:
        return f"the event id is longer than {ID_LIMIT} characters"
    if event_id and "\0" in event_id:
        return "the event id holds a NUL"
    return ""


def content_hash(body: bytes) -> bytes:
    """Return what tells one content from another; short, since it is kept for days."""
    return hashlib.blake2b(body, digest_size=HASH_BYTES).digest()


def _moment(value: Any) -> float | None:  # noqa: ANN401
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def read_events(
    source: str, table: str, values: list[Any], *, number: int, sent_at: float
) -> Iterator[Event]:
    """Yield the events of one body, numbered from `number` on."""
    for place, value in enumerate(values):
        yield read_event(source, table, value, number=number + place, sent_at=sent_at)
