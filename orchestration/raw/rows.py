"""Rows on their way into raw: as arrays named by field, with the bad ones apart."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

RAW_TEXT_LIMIT = 100_000
# how a field of an enclosing JSON object travels with its records
PARENT = "\0parent "


@dataclass
class BadRow:
    """One row that cannot land: where it stands, why, and what it said."""

    row: int
    reason: str
    raw_text: str


@dataclass
class Chunk:
    """Some rows of one file or archive member, as arrays named by field."""

    path: str
    fields: dict[str, pa.Array]
    rows: np.ndarray
    raw_text: Callable[[int], str]
    extras: tuple[str, ...] = ()
    bad: list[BadRow] = field(default_factory=list)


def shorten(text: str) -> str:
    """Return raw text as Postgres can keep it: no NUL, bounded."""
    return text[:RAW_TEXT_LIMIT].replace("\0", "\\x00")


def to_array(values: list[Any]) -> pa.Array:
    """Return Python values as an array; text where the types are mixed."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
        pass
    if not any(isinstance(value, dict | list) for value in values):
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError):
            pass
    return pa.array([to_text(value) for value in values], pa.string())


def to_text(value: Any) -> str | None:  # noqa: ANN401
    """Return one value of a document as text; nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:
        # integers beyond 64 bits
        return json.dumps(value, ensure_ascii=False, default=str)
