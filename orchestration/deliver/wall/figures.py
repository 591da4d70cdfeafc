"""Rates, medians and how they stand to their targets; too few is no number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

EDGES = (10, 30, 60, 300, 1800, 3600, 14400, 86400)
"""Upper edges of the histogram of first responses, in seconds."""
FEWEST = 10
"""A rate of fewer than this is chance, and shows as a dash."""
FEWEST_OF_POINT = 5
"""The same for one point of a line."""
NEAR = 0.05
"""A service level this far below its target is near it."""


@dataclass(frozen=True)
class Target:
    """What a figure shall be."""

    value: float
    warning: float
    lower_is_better: bool = False

    def state(self, figure: float | None) -> str:
        """Return ok, near, off, or few where there is no figure."""
        if figure is None:
            return "few"
        sign = -1 if self.lower_is_better else 1
        if sign * figure >= sign * self.value:
            return "ok"
        return "near" if sign * figure >= sign * self.warning else "off"


def state_of(figure: float | None, target: Target | None) -> str:
    """Return how a figure stands, none where nobody set a target."""
    if target is None:
        return "few" if figure is None else "none"
    return target.state(figure)


def share(
    part: float | None, whole: float | None, fewest: int = FEWEST
) -> float | None:
    """Return a share, or nothing when it would be of too few."""
    if part is None or not whole or whole < fewest:
        return None
    return round(float(part) / float(whole), 4)


def total(rows: Iterable[dict[str, Any]], name: str) -> int | None:
    """Return the sum of what is known; nothing when nothing is."""
    known = [row[name] for row in rows if row[name] is not None]
    return int(sum(known)) if known else None


def median_between_edges(counts: Sequence[int], whole: int) -> float | None:
    """Return the median as a histogram of "at most so many seconds" tells it."""
    if whole < FEWEST:
        return None
    half, below, lower = whole / 2, 0, 0
    for edge, count in zip(EDGES, counts, strict=True):
        if count >= half:
            return lower + (edge - lower) * (half - below) / max(count - below, 1)
        below, lower = count, edge
    return None


def change(now: float | None, before: float | None, kind: str) -> float | None:
    """Return the change against a week ago: points of a share, or a ratio."""
    if now is None or before is None:
        return None
    if kind == "points":
        return round(now - before, 4)
    return round(now / before - 1, 4) if before else None
