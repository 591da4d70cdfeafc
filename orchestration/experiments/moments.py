"""Comparisons of two arms from their moments, so that no unit has to be read.

An arm is described by sums over its units. A unit is what was drawn by lot: when agents
were drawn, an agent is one unit however many contacts it had. A share and a mean per
unit are ratios whose denominator is one for every unit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

FEWEST_UNITS = 2


@dataclass(frozen=True)
class Arm:
    """Sums over the units of one variant, for one metric."""

    units: int
    numerator: float
    denominator: float
    numerator_squares: float
    denominator_squares: float
    products: float
    covariate: float | None = None
    covariate_squares: float | None = None
    covariate_products: float | None = None

    @property
    def value(self) -> float:
        """Return the metric of the arm."""
        return self.numerator / self.denominator

    @property
    def variance(self) -> float:
        """Return the variance of one unit's share in the metric (delta method).

        For a mean per unit it is the plain sample variance.
        """
        ratio = self.value
        squares = (
            self.numerator_squares
            - 2 * ratio * self.products
            + ratio * ratio * self.denominator_squares
        )
        # the linearised values add up to zero, so no mean has to be taken off
        scale = self.denominator / self.units
        return max(squares, 0.0) / (self.units - 1) / (scale * scale)

    @property
    def covariate_mean(self) -> float:
        """Return the mean of the history."""
        return (self.covariate or 0.0) / self.units

    @property
    def covariate_scatter(self) -> float:
        """Return the sum of squared deviations of the history."""
        return (self.covariate_squares or 0.0) - self.units * self.covariate_mean**2

    @property
    def joint_scatter(self) -> float:
        """Return the sum of products of deviations of metric and history."""
        mean = self.numerator / self.units
        return (
            self.covariate_products or 0.0
        ) - self.units * self.covariate_mean * mean


@dataclass(frozen=True)
class Comparison:
    """A variant against the control."""

    difference: float
    error: float
    """Standard error of the difference."""
    statistic: float
    degrees: float
    """Degrees of freedom; infinite when the statistic is normal."""
    p_value: float
    lower: float
    upper: float

    @property
    def z_value(self) -> float:
        """Return the normal value that is as rare as the statistic."""
        if self.p_value >= 1:
            return 0.0
        return math.copysign(-special.ndtri(self.p_value / 2), self.difference)


def _judge(
    difference: float, error: float, degrees: float, level: float
) -> tuple[float, float, float, float]:
    """Return statistic, p-value and the bounds of the confidence interval."""
    statistic = difference / error
    if math.isinf(degrees):
        p_value = 2 * special.ndtr(-abs(statistic))
        reach = special.ndtri(0.5 + level / 2)
    else:
        p_value = 2 * special.stdtr(degrees, -abs(statistic))
        reach = special.stdtrit(degrees, 0.5 + level / 2)
    return (
        statistic,
        float(p_value),
        difference - reach * error,
        difference + reach * error,
    )


def two_proportions(
    variant_hits: float,
    variant_units: float,
    control_hits: float,
    control_units: float,
    level: float = 0.95,
) -> Comparison | None:
    """Compare two shares; None where nothing can differ.

    The test takes the error of one common share, as is right when there is no
    difference; the interval takes each arm's own.
    """
    if min(variant_units, control_units) < FEWEST_UNITS:
        return None
    variant, control = variant_hits / variant_units, control_hits / control_units
    common = (variant_hits + control_hits) / (variant_units + control_units)
    spread = common * (1 - common)
    if spread <= 0:
        return None
    difference = variant - control
    error = math.sqrt(spread * (1 / variant_units + 1 / control_units))
    statistic, p_value, _, _ = _judge(difference, error, math.inf, level)
    own_error = math.sqrt(
        variant * (1 - variant) / variant_units
        + control * (1 - control) / control_units
    )
    reach = float(special.ndtri(0.5 + level / 2)) * own_error
    return Comparison(
        difference,
        own_error,
        statistic,
        math.inf,
        p_value,
        difference - reach,
        difference + reach,
    )


def welch(variant: Arm, control: Arm, level: float = 0.95) -> Comparison | None:
    """Compare two means, or ratios, of arms that may scatter differently."""
    arms = (variant, control)
    if min(arm.units for arm in arms) < FEWEST_UNITS:
        return None
    if min(arm.denominator for arm in arms) <= 0:
        return None
    shares = [arm.variance / arm.units for arm in arms]
    if sum(shares) <= 0:
        return None
    degrees = sum(shares) ** 2 / sum(
        share**2 / (arm.units - 1) for share, arm in zip(shares, arms, strict=True)
    )
    difference = variant.value - control.value
    error = math.sqrt(sum(shares))
    judged = _judge(difference, error, degrees, level)
    return Comparison(difference, error, judged[0], degrees, *judged[1:])


def adjusted(
    variant: Arm, control: Arm, level: float = 0.95
) -> tuple[Comparison, float] | None:
    """Compare means after taking out what history explains (CUPED).

    Returns the comparison and the share of variance that history took out; None where
    there is no history to tell units apart by.
    """
    arms = (variant, control)
    if any(arm.covariate is None for arm in arms) or min(a.units for a in arms) < 3:
        return None
    scatter = sum(arm.covariate_scatter for arm in arms)
    if scatter <= 1e-12:
        return None
    slope = sum(arm.joint_scatter for arm in arms) / scatter
    # both arms are set to the history of all, which is no outcome of the experiment
    history = sum(arm.covariate for arm in arms) / sum(arm.units for arm in arms)
    lean = [_without_history(arm, slope, history) for arm in arms]
    compared = welch(lean[0], lean[1], level)
    before = sum(arm.variance / arm.units for arm in arms)
    if compared is None or before <= 0:
        return None
    return compared, 1 - compared.error**2 / before


def _without_history(arm: Arm, slope: float, history: float) -> Arm:
    """Return the arm's moments of `metric - slope * (history of unit - of all)`."""
    units = arm.units
    centred = arm.covariate - units * history
    squares = arm.covariate_squares - 2 * history * arm.covariate + units * history**2
    crossed = arm.covariate_products - history * arm.numerator
    numerator = arm.numerator - slope * centred
    return Arm(
        units=units,
        numerator=numerator,
        denominator=units,
        numerator_squares=arm.numerator_squares
        - 2 * slope * crossed
        + slope * slope * squares,
        denominator_squares=units,
        products=numerator,
    )


def sample_ratio(counts: Sequence[float], shares: Sequence[float]) -> float | None:
    """Return how likely the arms' sizes are, had units been drawn as planned."""
    total, planned = sum(counts), sum(shares)
    if len(counts) < 2 or not total or min(shares) <= 0:
        return None
    expected = [total * share / planned for share in shares]
    statistic = sum(
        (count - wanted) ** 2 / wanted
        for count, wanted in zip(counts, expected, strict=True)
    )
    return float(special.chdtrc(len(counts) - 1, statistic))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values that keep the share of false finds among all finds."""
    values = np.asarray(p_values, dtype=float)
    count = len(values)
    if not count:
        return []
    order = np.argsort(values)
    raised = values[order] * count / np.arange(1, count + 1)
    smallest = np.minimum.accumulate(raised[::-1])[::-1]
    result = np.empty(count)
    result[order] = np.minimum(smallest, 1)
    return result.tolist()


def arm_of(values: Sequence[float], history: Sequence[float] | None = None) -> Arm:
    """Return the moments of units given one by one, for tests and simulations."""
    metric = np.asarray(values, dtype=float)
    units = len(metric)
    before = None if history is None else np.asarray(history, dtype=float)
    return Arm(
        units=units,
        numerator=float(metric.sum()),
        denominator=units,
        numerator_squares=float((metric**2).sum()),
        denominator_squares=units,
        products=float(metric.sum()),
        covariate=None if before is None else float(before.sum()),
        covariate_squares=None if before is None else float((before**2).sum()),
        covariate_products=None if before is None else float((before * metric).sum()),
    )


def units_needed(
    rate: float, difference: float, alpha: float = 0.05, power: float = 0.9
) -> int:
    """Return the units of each of two arms that find a difference of shares."""
    other = rate + difference
    reach = stats.norm.isf(alpha / 2) + stats.norm.isf(1 - power)
    spread = rate * (1 - rate) + other * (1 - other)
    return math.ceil(reach**2 * spread / difference**2)
