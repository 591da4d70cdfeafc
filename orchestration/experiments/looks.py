"""Bounds for looking every day (O'Brien-Fleming, by alpha spending).

Who looks every day with the bound of a single look raises a false alarm in one of five
experiments without effect. Here the false alarms of one look are spent over all looks,
little at first: `spent` says how much is spent when a share of the planned
information is there, and each bound is such that exactly this much is spent. Looks need
not be evenly spaced, and their number need not be known beforehand.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import optimize, special

ALPHA = 0.05
FARTHEST = 8.0
"""A bound that is never reached: beyond it lies less than 1e-15."""
POINTS = 401


def spent(information: float, alpha: float = ALPHA) -> float:
    """Return the false alarms spent when a share of the information is there."""
    if information <= 0:
        return 0.0
    # each side spends its half, and so has bounds of its own
    reach = special.ndtri(1 - alpha / 4) / math.sqrt(min(information, 1.0))
    return float(4 * special.ndtr(-reach))


def bounds(information: Sequence[float], alpha: float = ALPHA) -> list[float]:
    """Return the bound of each look on the absolute value of z.

    `information` is the share of the planned information at each look, not falling. A
    look that brings nothing new has the bound of the look before.
    """
    return list(_bounds(tuple(min(float(part), 1.0) for part in information), alpha))


@lru_cache(maxsize=512)
def _bounds(information: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    """Return the bounds, look by look, from those of the looks before."""
    found: list[float] = []
    grid: np.ndarray | None = None
    density: np.ndarray | None = None
    before = 0.0
    for part in information:
        if part <= before:
            found.append(found[-1] if found else FARTHEST)
            continue
        due = spent(part, alpha) - spent(before, alpha)
        # of the score z * sqrt(information), whose steps are independent
        step = math.sqrt(part - before)
        weight = _simpson(grid, density)
        limit = _limit(due, step, grid, weight, math.sqrt(part))
        found.append(limit / math.sqrt(part))
        reached = np.linspace(-limit, limit, POINTS)
        density = _moved(reached, step, grid, weight)
        grid, before = reached, part
    return tuple(found)


def _simpson(grid: np.ndarray | None, density: np.ndarray | None) -> np.ndarray | None:
    """Return the density times the weights of Simpson's rule."""
    if grid is None or density is None:
        return None
    weights = np.full(len(grid), 2.0)
    weights[1::2] = 4.0
    weights[0] = weights[-1] = 1.0
    return density * weights * (grid[1] - grid[0]) / 3


def _beyond(
    limit: float, step: float, grid: np.ndarray | None, weight: np.ndarray | None
) -> float:
    """Return how likely the score goes beyond a limit now, and did not before."""
    if grid is None or weight is None:
        return float(2 * special.ndtr(-limit / step))
    crossing = special.ndtr((-limit - grid) / step) + special.ndtr(
        (grid - limit) / step
    )
    return float((crossing * weight).sum())


def _limit(
    due: float,
    step: float,
    grid: np.ndarray | None,
    weight: np.ndarray | None,
    scale: float,
) -> float:
    """Return the limit beyond which exactly as much lies as is due."""
    farthest = FARTHEST * scale
    if _beyond(farthest, step, grid, weight) >= due:
        return farthest
    return float(
        optimize.brentq(
            lambda limit: _beyond(limit, step, grid, weight) - due,
            1e-6,
            farthest,
            xtol=1e-10,
        )
    )


def _moved(
    reached: np.ndarray,
    step: float,
    grid: np.ndarray | None,
    weight: np.ndarray | None,
) -> np.ndarray:
    """Return the density of the score now, of those that no bound has stopped."""
    if grid is None or weight is None:
        return np.exp(-0.5 * (reached / step) ** 2) / (step * math.sqrt(2 * math.pi))
    apart = (reached[:, None] - grid[None, :]) / step
    kernel = np.exp(-0.5 * apart**2) / (step * math.sqrt(2 * math.pi))
    return kernel @ weight
