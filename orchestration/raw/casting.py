"""Gives raw columns their declared types; cells that do not fit make bad rows.

Everything works on whole columns. A cast that fails is repeated on halves until
the cells that fail stand alone, so only bad cells cost Python time.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.raw.rows import PARENT, BadRow, Chunk
from orchestration.raw.sources import Column, Format, Table

TIMESTAMP = pa.timestamp("us", "UTC")
NAIVE = pa.timestamp("us")
# 0001-01-01 to 9999-12-31: what every reader of the warehouse can show
FIRST_MOMENT = -62_135_596_800_000_000
LAST_MOMENT = 253_402_300_799_999_999
KEY_LIMIT = 1_000
WORDS = {
    "bigint": "whole number",
    "numeric": "number",
    "double precision": "number",
    "boolean": "yes or no",
    "date": "date",
    "timestamptz": "time",
    "jsonb": "JSON",
    "text": "text",
}
DIRECTIVES = {
    "%Y": ("Y", r"\d{4}"),
    "%m": ("m", r"\d{1,2}"),
    "%d": ("d", r"\d{1,2}"),
    "%H": ("H", r"\d{1,2}"),
    "%M": ("M", r"\d{1,2}"),
    "%S": ("S", r"\d{1,2}"),
    "%f": ("f", r"\d{1,6}"),
    "%z": ("z", r"Z|[+-]\d{2}:?\d{2}"),
}
WHOLE = r"^\+?(-?\d+)(?:\.0*)?$"
OFFSET = r":\d{2}.*(?:[Zz]|[+-]\d{2}(?::\d{2})?)$"


def cast_chunk(
    table: Table, format_: Format, chunk: Chunk
) -> tuple[pa.RecordBatch, list[BadRow]]:
    """Return the rows that fit, typed, and the rows that do not, with reasons."""
    count = len(chunk.rows)
    columns: dict[str, pa.Array] = {}
    reasons: dict[int, str] = {}
    for column in table.columns:
        raw = _raw_column(column, chunk, count)
        typed, failed = cast_column(raw, column, format_)
        for index in failed:
            value = str(raw[index].as_py())[:80]
            reasons.setdefault(
                index, f"column {column.name}: '{value}' is no {WORDS[column.type]}"
            )
        for index, reason in _key_problems(table, column, typed):
            reasons.setdefault(index, reason)
        columns[column.name] = typed
    columns["_extra"] = _extra(chunk, count)
    columns["_source_name"] = _constant(chunk.path, count)
    columns["_source_row"] = pa.array(chunk.rows, pa.int64())
    batch = pa.RecordBatch.from_pydict(columns)
    bad = [
        BadRow(int(chunk.rows[i]), reason, chunk.raw_text(i))
        for i, reason in sorted(reasons.items())
    ]
    if bad:
        keep = np.ones(count, dtype=bool)
        keep[list(reasons)] = False
        batch = batch.filter(pa.array(keep))
    return batch, chunk.bad + bad


def _raw_column(column: Column, chunk: Chunk, count: int) -> pa.Array:
    if column.from_path is not None:
        match = re.search(column.from_path, chunk.path)
        return _constant(match.group(1) if match else None, count)
    if column.from_parent is not None:
        name = PARENT + column.from_parent
    else:
        name = column.source or column.name
    array = chunk.fields.get(name)
    return pa.nulls(count, pa.string()) if array is None else array


def _constant(value: str | None, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)


def _key_problems(
    table: Table, column: Column, typed: pa.Array
) -> list[tuple[int, str]]:
    """Return the rows whose key is empty, or too long to be indexed."""
    if column.name not in table.key:
        return []
    empty = pc.is_null(typed)
    too_long = pa.array([], pa.bool_())
    if pa.types.is_string(typed.type):
        length = pc.binary_length(typed)
        empty = pc.or_(empty, pc.fill_null(pc.equal(length, 0), False))
        too_long = pc.fill_null(pc.greater(length, KEY_LIMIT), False)
    return [
        *((i, f"column {column.name}: the key is empty") for i in _true(empty)),
        *((i, f"column {column.name}: the key is too long") for i in _true(too_long)),
    ]


def _true(mask: pa.Array) -> list[int]:
    return [] if not pc.any(mask).as_py() else np.flatnonzero(mask).tolist()


def _extra(chunk: Chunk, count: int) -> pa.Array:
    """Return undeclared fields as one JSON text a row, null when there is none."""
    if not chunk.extras or not count:
        return pa.nulls(count, pa.json_())
    columns = [(name, chunk.fields[name].to_pylist()) for name in chunk.extras]
    texts: list[str | None] = []
    for index in range(count):
        row = {n: v[index] for n, v in columns if v[index] is not None}
        text = orjson.dumps(row, default=str).decode() if row else None
        texts.append(text.replace("\\u0000", "\\ufffd") if text else None)
    return pa.array(texts, pa.string()).cast(pa.json_())


def cast_column(
    raw: pa.Array, column: Column, format_: Format
) -> tuple[pa.Array, list[int]]:
    """Return a column in its declared type, and the rows whose cell does not fit."""
    if pa.types.is_null(raw.type):
        raw = raw.cast(pa.string())
    if pa.types.is_large_string(raw.type) or pa.types.is_string_view(raw.type):
        raw = raw.cast(pa.string())
    tokens = [token for token in format_.null_tokens if token]
    if format_.reader in ("json", "json_lines", "parquet") and tokens:
        raw = _without_tokens(raw, tokens)
    typed = CASTS[column.type](raw, column, format_)
    failed = pc.and_(pc.is_valid(raw), pc.is_null(typed))
    if column.type not in ("text", "jsonb") and pa.types.is_string(raw.type):
        if not pc.any(failed).as_py():
            return typed, []
        # an empty cell of a typed column is an absent one
        blank = pc.equal(pc.utf8_trim_whitespace(raw), "")
        failed = pc.and_(failed, pc.invert(pc.fill_null(blank, False)))
    return typed, _true(failed)


def _without_tokens(raw: pa.Array, tokens: list[str]) -> pa.Array:
    if not pa.types.is_string(raw.type):
        return raw
    hit = pc.is_in(raw, pa.array(tokens))
    return pc.if_else(hit, pa.scalar(None, pa.string()), raw)


def _halving(array: pa.Array, cast: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Cast what can be cast; null where it cannot."""
    try:
        return cast(array)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(array) == 1:
            return pa.nulls(1, cast(pa.array([None], array.type)).type)
        half = len(array) // 2
        return pa.concat_arrays(
            [_halving(array[:half], cast), _halving(array[half:], cast)]
        )


def _as_text(raw: pa.Array) -> pa.Array:
    """Return any column as trimmed text."""
    return pc.utf8_trim_whitespace(_cast_text(raw))


def _cast_text(raw: pa.Array) -> pa.Array:
    if pa.types.is_string(raw.type):
        return raw
    try:
        return raw.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if v is None else _plain(v) for v in raw.to_pylist()]
        return pa.array(texts, pa.string())


def _plain(value: Any) -> str:  # noqa: ANN401
    return orjson.dumps(value, default=str).decode()


def _text(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    text = _cast_text(raw)
    data = text.buffers()[2]
    # Postgres cannot keep NUL; the look at the whole buffer is nearly free
    if data is None or not (np.frombuffer(data, np.uint8) == 0).any():
        return text
    nul = pc.fill_null(pc.match_substring(text, "\0"), False)
    return pc.if_else(nul, pa.scalar(None, pa.string()), text)


def _bigint(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    if pa.types.is_boolean(raw.type):
        return pa.nulls(len(raw), pa.int64())
    try:
        return raw.cast(pa.int64())
    except pa.ArrowInvalid:
        # 2.0 and +2 are whole numbers too
        text = pc.replace_substring_regex(
            _as_text(raw), r"^\+?(-?\d+)(?:\.0*)?$", r"\1"
        )
        return _halving(text, lambda part: part.cast(pa.int64()))


def _double(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    try:
        typed = raw.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        typed = _halving(_as_text(raw), lambda part: part.cast(pa.float64()))
    finite = pc.is_finite(typed)
    return pc.if_else(finite, typed, pa.scalar(None, pa.float64()))


def _numeric(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    if pa.types.is_decimal(raw.type):
        return raw
    text = _as_text(raw)
    decimals = pc.utf8_length(
        pc.replace_substring_regex(text, r"^[^.eE]*\.?([^eE]*).*$", r"\1")
    )
    most = pc.max(decimals).as_py() or 0
    exponents = pc.any(pc.match_substring_regex(text, "[eE]")).as_py()
    type_ = pa.decimal128(38, min(max(most, 12 if exponents else 0), 18))
    return _halving(text, lambda part: part.cast(type_))


def _boolean(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    if pa.types.is_boolean(raw.type):
        return raw
    text = pc.utf8_lower(_as_text(raw))
    true = pc.is_in(text, pa.array([t.lower() for t in column.true_tokens]))
    known = pc.is_in(
        text, pa.array([t.lower() for t in (*column.true_tokens, *column.false_tokens)])
    )
    return pc.if_else(known, true, pa.scalar(None, pa.bool_()))


def _jsonb(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    texts = [
        None if value is None else _valid_json(value)
        for value in _cast_text(raw).to_pylist()
    ]
    return pa.array(texts, pa.string()).cast(pa.json_())


def _valid_json(text: str) -> str | None:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return None if "\\u0000" in text else text


def _date(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    if pa.types.is_date(raw.type):
        return raw.cast(pa.date32())
    if pa.types.is_timestamp(raw.type):
        return _halving(raw, lambda part: part.cast(pa.date32()))
    text = _cast_text(raw)
    typed = pa.nulls(len(text), pa.date32())
    for name in column.formats or format_.dates:
        typed = pc.coalesce(typed, _parse_dates(text, name))
        if typed.null_count == text.null_count:
            break
    return typed


def _parse_dates(text: pa.Array, name: str) -> pa.Array:
    if name == "iso":
        try:
            return _in_range(text.cast(pa.date32()), pa.date32())
        except pa.ArrowInvalid:
            text = pc.replace_substring_regex(
                pc.utf8_trim_whitespace(text), r"[T ]00:00(?::00(?:\.0+)?)?$", ""
            )
            typed = _halving(text, lambda part: part.cast(pa.date32()))
            return _in_range(typed, pa.date32())
    naive = _parse_pattern(text, name, "UTC")
    return _in_range(_halving(naive, lambda p: p.cast(pa.date32())), pa.date32())


def _timestamp(raw: pa.Array, column: Column, format_: Format) -> pa.Array:
    zone = column.zone or format_.zone
    if pa.types.is_timestamp(raw.type):
        moments = raw.cast(pa.timestamp("us", raw.type.tz), safe=False)
        return _in_range(_zoned(moments, zone), TIMESTAMP)
    if pa.types.is_date(raw.type):
        return _in_range(_zoned(raw.cast(NAIVE), zone), TIMESTAMP)
    typed = pa.nulls(len(raw), TIMESTAMP)
    for name in column.formats or format_.times:
        found = _parse_times(raw, name, zone)
        typed = found if typed.null_count == len(raw) else pc.coalesce(typed, found)
        if typed.null_count == raw.null_count:
            break
    return typed


def _zoned(moments: pa.Array, zone: str) -> pa.Array:
    if moments.type.tz is not None:
        return moments.cast(TIMESTAMP)
    return pc.assume_timezone(
        moments, zone, ambiguous="earliest", nonexistent="earliest"
    ).cast(TIMESTAMP)


def _in_range(typed: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return the array with moments outside the years 1 to 9999 made null."""
    number = typed.cast(pa.int64() if type_ == TIMESTAMP else pa.int32())
    day = 86_400_000_000 if type_ != TIMESTAMP else 1
    first, last = FIRST_MOMENT // day, LAST_MOMENT // day
    ends = pc.min_max(number)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if low is None or (low >= first and high <= last):
        return typed
    inside = pc.and_(pc.greater_equal(number, first), pc.less_equal(number, last))
    return pc.if_else(inside, typed, pa.scalar(None, typed.type))


def _parse_times(raw: pa.Array, name: str, zone: str) -> pa.Array:
    if name in ("epoch_s", "epoch_ms"):
        return _parse_epoch(raw, 1_000_000 if name == "epoch_s" else 1_000)
    text = _cast_text(raw)
    if name == "iso":
        return _in_range(_parse_iso(text, zone), TIMESTAMP)
    if name == "day_first":
        patterns = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
        found = [_parse_pattern(text, pattern, zone) for pattern in patterns]
        return _in_range(pc.coalesce(*found), TIMESTAMP)
    return _in_range(_parse_pattern(text, name, zone), TIMESTAMP)


def _parse_epoch(raw: pa.Array, factor: int) -> pa.Array:
    number = _double(raw, EPOCH, Format("*"))
    inside = pc.less_equal(pc.abs(number), LAST_MOMENT / factor)
    number = pc.if_else(inside, number, pa.scalar(None, pa.float64()))
    micros = pc.round(pc.multiply(number, float(factor))).cast(pa.int64())
    return _in_range(micros.cast(NAIVE).cast(TIMESTAMP), TIMESTAMP)


EPOCH = Column("epoch", "double precision")


def _parse_iso(text: pa.Array, zone: str) -> pa.Array:
    try:
        return text.cast(TIMESTAMP)
    except pa.ArrowInvalid:
        pass
    try:
        return _zoned(text.cast(NAIVE), zone)
    except pa.ArrowInvalid:
        pass
    text = pc.utf8_trim_whitespace(text)
    text = pc.replace_substring_regex(text, r" ?([+-]\d{2}):?(\d{2})$", r"\1:\2")
    text = pc.replace_substring_regex(text, r"(\.\d{6})\d+", r"\1")
    try:
        return text.cast(TIMESTAMP)
    except pa.ArrowInvalid:
        pass
    with_offset = pc.match_substring_regex(
        text, r":\d{2}.*(?:[Zz]|[+-]\d{2}(?::\d{2})?)$"
    )
    null = pa.scalar(None, pa.string())
    aware = _halving(
        pc.if_else(with_offset, text, null), lambda part: part.cast(TIMESTAMP)
    )
    naive = _halving(
        pc.if_else(with_offset, null, text),
        lambda part: _zoned(part.cast(NAIVE), zone),
    )
    return pc.coalesce(aware, naive)


@dataclass(frozen=True)
class _Pattern:
    """A time format as an expression that finds its parts."""

    expression: str
    parts: tuple[str, ...]


@lru_cache(maxsize=64)
def _pattern(name: str) -> _Pattern | None:
    """Return a time format as an expression, None when only Python knows it."""
    expression, parts = "", []
    for piece in re.findall(r"%.|[^%]+", name):
        if piece in DIRECTIVES:
            part, digits = DIRECTIVES[piece]
            expression += f"(?P<{part}>{digits})"
            parts.append(part)
        elif piece.startswith("%"):
            return None
        else:
            expression += re.escape(piece)
    if not {"Y", "m", "d"} <= set(parts):
        return None
    return _Pattern(f"^\\s*{expression}\\s*$", tuple(parts))


def _parse_pattern(text: pa.Array, name: str, zone: str) -> pa.Array:
    """Return moments written in a strptime format; the calendar is checked."""
    pattern = _pattern(name)
    if pattern is None:
        return _parse_slowly(text, name, zone)
    found = pc.extract_regex(text, pattern.expression)

    def part(letter: str, width: int, default: str = "0") -> pa.Array | pa.Scalar:
        if letter not in pattern.parts:
            return pa.scalar(default.rjust(width, "0"))
        return pc.utf8_lpad(pc.struct_field(found, letter), width, "0")

    day = pc.binary_join_element_wise(part("Y", 4), part("m", 2), part("d", 2), "-")
    clock = pc.binary_join_element_wise(part("H", 2), part("M", 2), part("S", 2), ":")
    iso = pc.binary_join_element_wise(day, clock, "T")
    if "f" in pattern.parts:
        fraction = pc.utf8_rpad(pc.struct_field(found, "f"), 6, "0")
        iso = pc.binary_join_element_wise(iso, fraction, ".")
    if "z" in pattern.parts:
        iso = pc.binary_join_element_wise(iso, pc.struct_field(found, "z"), "")
        return _halving(iso, lambda p: p.cast(TIMESTAMP))
    return _halving(iso, lambda p: _zoned(p.cast(NAIVE), zone))


def _parse_slowly(text: pa.Array, name: str, zone: str) -> pa.Array:
    """Return moments by Python's own strptime, once per distinct text."""
    encoded = text.dictionary_encode()
    values = [_strptime(value, name) for value in encoded.dictionary.to_pylist()]
    aware = [v if v is not None and v.tzinfo else None for v in values]
    naive = [v if v is not None and not v.tzinfo else None for v in values]
    moments = pc.coalesce(
        pa.array(aware, TIMESTAMP), _zoned(pa.array(naive, NAIVE), zone)
    )
    return pc.take(moments, encoded.indices)


def _strptime(value: str, name: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(value.strip(), name)
    except ValueError:
        return None


CASTS: dict[str, Callable[[pa.Array, Column, Format], pa.Array]] = {
    "text": _text,
    "bigint": _bigint,
    "double precision": _double,
    "numeric": _numeric,
    "boolean": _boolean,
    "date": _date,
    "timestamptz": _timestamp,
    "jsonb": _jsonb,
}
