"""BG/NBD and Gamma-Gamma: seven numbers that describe how a group of customers buys.

Both are fitted by maximum likelihood. How often: a customer buys at a rate of his own
(gamma: r, alpha) and may leave after each purchase (beta: a, b). How much: amounts
spread around a mean of his own (gamma: p, and gamma: q, v over customers).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from orchestration.settings import UserError

Numbers = NDArray[np.float64]

FEWEST_CUSTOMERS = 200
FEWEST_RETURNING = 100
"""Fewer tell too little: two of three fitted numbers would be noise."""
ROUNDS = 5_000
STILL = 1e-9
STARTS = (0.0, 1.0, -1.0)
"""Logarithms at which a search begins: the likelihood may have more than one summit."""


@dataclass(frozen=True)
class Purchases:
    """How customers bought, one number each: counts, weeks and amounts."""

    x: Numbers
    """Purchases after the first."""
    t_x: Numbers
    """Weeks from the first purchase to the last."""
    weeks: Numbers
    """Weeks from the first purchase to the moment to which was counted."""
    m: Numbers
    """Mean amount of the purchases after the first; 0 without one."""


@dataclass(frozen=True)
class ValueModel:
    """The seven numbers."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float

    def parameters(self) -> dict[str, float]:
        """Return the numbers by name."""
        return {name: float(number) for name, number in asdict(self).items()}


def require_enough(purchases: Purchases) -> None:
    """Refuse to fit to customers who tell too little."""
    customers = len(purchases.x)
    returning = int(((purchases.x > 0) & (purchases.m > 0)).sum())
    if customers < FEWEST_CUSTOMERS or returning < FEWEST_RETURNING:
        raise UserError(
            f"{customers:,} customers, of whom {returning:,} came back, are too few:"
            f" at least {FEWEST_CUSTOMERS} and {FEWEST_RETURNING} are needed"
        )


def fit(purchases: Purchases) -> ValueModel:
    """Return the numbers that make what was bought likeliest."""
    return ValueModel(*fit_counts(purchases), *fit_amounts(purchases))


def fit_counts(purchases: Purchases) -> Numbers:
    """Return r, alpha, a and b."""
    x, t_x, weeks = purchases.x, purchases.t_x, purchases.weeks
    came_back = x > 0
    # without a purchase after the first nobody can be seen to have left
    later = np.where(came_back, x, 1.0)

    def surprise(logarithms: Numbers) -> float:
        r, alpha, a, b = np.exp(logarithms)
        common = (
            gammaln(r + x)
            - gammaln(r)
            + r * np.log(alpha)
            + betaln(a, b + x)
            - betaln(a, b)
        )
        stays = -(r + x) * np.log(alpha + weeks)
        left = np.log(a) - np.log(b + later - 1) - (r + x) * np.log(alpha + t_x)
        either = np.logaddexp(stays, np.where(came_back, left, -np.inf))
        return -float(np.mean(common + either))

    return _likeliest(surprise, 4)


def fit_amounts(purchases: Purchases) -> Numbers:
    """Return p, q and v, from customers who came back and paid."""
    paid = (purchases.x > 0) & (purchases.m > 0)
    x, m = purchases.x[paid], purchases.m[paid]
    # amounts in yuan and in pounds are searched at the same size
    scale = float(np.mean(m))
    m = m / scale

    def surprise(logarithms: Numbers) -> float:
        p, q, v = np.exp(logarithms)
        return -float(
            np.mean(
                gammaln(p * x + q)
                - gammaln(p * x)
                - gammaln(q)
                + q * np.log(v)
                + (p * x - 1) * np.log(m)
                + p * x * np.log(x)
                - (p * x + q) * np.log(m * x + v)
            )
        )

    p, q, v = _likeliest(surprise, 3)
    if q <= 1 or p * v / (q - 1) > np.max(m):
        raise UserError(
            "the amounts have no mean that one of them reaches: they differ too much"
        )
    return np.array([p, q, v * scale])


def _likeliest(surprise: Callable[[Numbers], float], size: int) -> Numbers:
    """Search from several starts; return the best that was found."""
    found = [
        minimize(
            surprise,
            np.full(size, start),
            method="L-BFGS-B",
            bounds=[(-12.0, 12.0)] * size,
            options={"ftol": 1e-15, "gtol": STILL, "maxiter": ROUNDS},
        )
        for start in STARTS
    ]
    best = min(found, key=lambda result: result.fun)
    if not np.isfinite(best.fun) or np.any(np.abs(best.x) > 11.9):
        raise UserError("no numbers describe these customers: the search ran away")
    return np.exp(best.x)
