"""One look at every experiment: read the moments, compare, write the results down."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from orchestration.experiments.looks import bounds
from orchestration.experiments.moments import (
    Arm,
    Comparison,
    adjusted,
    benjamini_hochberg,
    sample_ratio,
    two_proportions,
    welch,
)
from orchestration.settings import settings

RATIO_ALARM = 0.001
"""Arms whose sizes are less likely than this were not drawn as planned."""

MOMENTS = """
select * from marts.kpi_experiments
where control_variant_name is not null
order by experiment_name, metric_name, variant_name
"""
FORMER_LOOKS = """
select experiment_name, metric_name, variant_name, information_rate
from frontdesk.experiment_results
where looked_date < %s and information_rate is not null
order by looked_date
"""


@dataclass(frozen=True)
class Result:
    """One metric of one variant against the control, at one look."""

    experiment_name: str
    metric_name: str
    variant_name: str
    control_variant_name: str
    looked_date: date
    result_reason: str | None
    variant_unit_count: int
    control_unit_count: int
    variant_value: float | None = None
    control_value: float | None = None
    difference: float | None = None
    lower_difference: float | None = None
    upper_difference: float | None = None
    z_value: float | None = None
    p_value: float | None = None
    adjusted_p_value: float | None = None
    adjusted_difference: float | None = None
    variance_reduction_rate: float | None = None
    information_rate: float | None = None
    bound_value: float | None = None
    sample_ratio_p_value: float | None = None
    is_sample_ratio_right: bool | None = None
    is_significant: bool | None = None

    @property
    def line(self) -> tuple[str, str, str]:
        """Return what its looks have in common."""
        return self.experiment_name, self.metric_name, self.variant_name


def arm_of_row(row: dict) -> Arm | None:
    """Return the moments of one variant; None where there is nothing to measure."""
    if not row["unit_count"] or not row["denominator_sum"]:
        return None
    if row["numerator_sum"] is None:
        return None
    named = {
        "numerator": "numerator_sum",
        "denominator": "denominator_sum",
        "numerator_squares": "numerator_square_sum",
        "denominator_squares": "denominator_square_sum",
        "products": "product_sum",
        "covariate": "covariate_sum",
        "covariate_squares": "covariate_square_sum",
        "covariate_products": "covariate_product_sum",
    }
    sums = {
        name: None if row[column] is None else float(row[column])
        for name, column in named.items()
    }
    return Arm(units=int(row["unit_count"]), **sums)


def compare(
    kind: str, variant: Arm, control: Arm
) -> tuple[Comparison | None, Comparison | None, float | None]:
    """Return the plain comparison, the one without history, and what that gained."""
    if kind == "share":
        plain = two_proportions(
            variant.numerator, variant.units, control.numerator, control.units
        )
    else:
        plain = welch(variant, control)
    lean = adjusted(variant, control) if kind != "ratio" else None
    return plain, lean[0] if lean else None, lean[1] if lean else None


def look(
    rows: Sequence[dict],
    former: dict[tuple[str, str, str], list[float]],
    day: date,
) -> list[Result]:
    """Return the results of one look at all experiments.

    `rows` are those of `kpi_experiments`, `former` the information at earlier looks.
    """
    results: list[Result] = []
    for _, group in groupby(rows, key=lambda row: row["experiment_name"]):
        found = _look_at(list(group), former, day)
        results += _corrected(found)
    return results


def _look_at(
    rows: Sequence[dict], former: dict[tuple[str, str, str], list[float]], day: date
) -> list[Result]:
    """Return the results of one experiment, before metrics are corrected together."""
    ratio = _sample_ratio(rows)
    right = None if ratio is None else ratio >= RATIO_ALARM
    results = []
    for _, group in groupby(rows, key=lambda row: row["metric_name"]):
        arms = list(group)
        controls = [row for row in arms if row["is_control"]]
        for row in arms:
            if row["is_control"]:
                continue
            control = controls[0] if controls else None
            result = Result(
                row["experiment_name"],
                row["metric_name"],
                row["variant_name"],
                row["control_variant_name"],
                day,
                None,
                int(row["unit_count"]),
                int(control["unit_count"]) if control else 0,
                sample_ratio_p_value=ratio,
                is_sample_ratio_right=right,
            )
            results.append(_compared(result, row, control, former))
    return results


def _sample_ratio(rows: Sequence[dict]) -> float | None:
    """Return how likely the sizes of an experiment's arms are."""
    sizes = {
        row["variant_name"]: (row["assigned_unit_count"], row["planned_share"])
        for row in rows
    }
    shares = [share for _, share in sizes.values()]
    if any(share is None for share in shares):
        # an arm that nobody planned: nothing was drawn as planned
        return 0.0 if any(share is not None for share in shares) else None
    return sample_ratio(
        [float(count) for count, _ in sizes.values()],
        [float(share) for share in shares],
    )


def _compared(
    result: Result,
    row: dict,
    control: dict | None,
    former: dict[tuple[str, str, str], list[float]],
) -> Result:
    """Return the result with its figures, or with the reason why there are none."""
    if control is None:
        return replace(result, result_reason="control_has_no_units")
    arms = arm_of_row(row), arm_of_row(control)
    if arms[0] is None or arms[1] is None:
        reason = row["metric_value_reason"] or control["metric_value_reason"]
        return replace(result, result_reason=reason or "nothing_to_measure")
    plain, lean, gain = compare(row["metric_kind"], *arms)
    result = replace(result, variant_value=arms[0].value, control_value=arms[1].value)
    if plain is None:
        return replace(result, result_reason="nothing_differs")
    # history takes out noise, never the effect: where there is some, it decides
    deciding = lean or plain
    information = _information(arms, row["planned_unit_count"])
    earlier = former.get(result.line, [])
    bound = bounds([*earlier, max([information, *earlier])])[-1]
    return replace(
        result,
        difference=plain.difference,
        lower_difference=deciding.lower,
        upper_difference=deciding.upper,
        z_value=deciding.z_value,
        p_value=deciding.p_value,
        adjusted_difference=lean.difference if lean else None,
        variance_reduction_rate=gain,
        information_rate=max([information, *earlier]),
        bound_value=bound,
    )


def _information(arms: tuple[Arm, Arm], planned: int | None) -> float:
    """Return the share of the planned information that is there."""
    here = sum(arm.units for arm in arms)
    return min(here / planned, 1.0) if planned else 1.0


def _corrected(results: Sequence[Result]) -> list[Result]:
    """Return the results of one experiment, its metrics corrected together.

    A find needs both: the bound of its look, and its place among all metrics.
    """
    tested = [result for result in results if result.p_value is not None]
    corrected = benjamini_hochberg([result.p_value for result in tested])
    by_line = dict(zip((r.line for r in tested), corrected, strict=True))
    final = []
    for result in results:
        p_value = by_line.get(result.line)
        if p_value is not None:
            beyond = abs(result.z_value) >= result.bound_value
            result = replace(
                result,
                adjusted_p_value=p_value,
                is_significant=bool(
                    beyond
                    and p_value <= 0.05
                    and result.is_sample_ratio_right is not False
                ),
            )
        final.append(result)
    return final


def read_former(
    connection: psycopg.Connection, day: date
) -> dict[tuple[str, str, str], list[float]]:
    """Return the information at the looks of earlier days."""
    former: dict[tuple[str, str, str], list[float]] = {}
    for *line, information in connection.execute(FORMER_LOOKS, [day]):
        former.setdefault(tuple(line), []).append(information)
    return former


def write_results(connection: psycopg.Connection, results: Iterable[Result]) -> int:
    """Write the results of a look; a day that has its look keeps it."""
    names = [field.name for field in fields(Result)]
    insert = sql.SQL(
        "insert into frontdesk.experiment_results ({}) values ({})"
        " on conflict do nothing"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    written = 0
    with connection.cursor() as cursor:
        for result in results:
            cursor.execute(insert, astuple(result))
            written += cursor.rowcount
    return written


def look_today(connection: psycopg.Connection, day: date | None = None) -> int:
    """Look at every experiment once a day; return how many results are new."""
    day = day or datetime.now(ZoneInfo(settings().business_zone)).date()
    cursor = connection.cursor(row_factory=dict_row)
    rows = cursor.execute(MOMENTS).fetchall()
    return write_results(connection, look(rows, read_former(connection, day), day))
