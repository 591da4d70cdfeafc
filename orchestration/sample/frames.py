"""Tables as a dictionary of equally long arrays: numbers and times as int64."""

import numpy as np

from orchestration.sample.phrases import objects

NULL = -(2**62)
"""Stands for null in an int64 column."""

Frame = dict[str, np.ndarray]


def size(frame: Frame) -> int:
    """Return the number of rows."""
    return len(next(iter(frame.values()))) if frame else 0


def take(frame: Frame, index: np.ndarray) -> Frame:
    """Return the rows at the index (or under the mask) as a copy."""
    return {name: column[index] for name, column in frame.items()}


def concat(frames: list[Frame]) -> Frame:
    """Return the rows of all frames, which have the same columns."""
    filled = [frame for frame in frames if size(frame)] or frames[:1]
    if len(filled) == 1:
        return filled[0]
    return {name: np.concatenate([f[name] for f in filled]) for name in filled[0]}


def nothing(rows: int) -> np.ndarray:
    """Return a text column of nulls."""
    return np.full(rows, None, dtype=object)


def constant(value: object, rows: int) -> np.ndarray:
    """Return a text column with one value throughout."""
    return np.full(rows, value, dtype=object)


def nulls(rows: int) -> np.ndarray:
    """Return a number or time column of nulls."""
    return np.full(rows, NULL, dtype=np.int64)


def keep_where(column: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the column with null where the mask is false."""
    if column.dtype == object:
        return np.where(mask, column, None)
    return np.where(mask, column, NULL)


def numbered(prefix: str, day: str, start: int, rows: int) -> np.ndarray:
    """Return ids that sort by the order in which they were given out."""
    stem = f"{prefix}{day}-"
    return objects([f"{stem}{n:06d}" for n in range(start, start + rows)])


def pick(pool: np.ndarray, rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return that many random members of the pool."""
    return pool[rng.integers(0, len(pool), rows)]


def lognormal(
    rng: np.random.Generator,
    median: float | np.ndarray,
    sigma: float,
    rows: int,
    top: int,
) -> np.ndarray:
    """Return whole durations of at least one second, at most `top`."""
    draw = np.exp(rng.normal(0.0, sigma, rows)) * median
    return np.clip(draw, 1, top).astype(np.int64)


def present(column: np.ndarray) -> np.ndarray:
    """Tell which texts are not null."""
    return np.not_equal(column, None)
