"""Experiments: the answers of SciPy, few false alarms, and what the world holds."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
from scipy import stats

from orchestration.experiments import looks, moments
from orchestration.experiments.results import look, look_today
from tests.python.warehouse import AS_OF, Warehouse

EXACT = {"rel": 1e-9, "abs": 1e-12}
DAYS = 28
WINDOW = timedelta(days=14)


@pytest.mark.parametrize(
    ("hits", "units", "other_hits", "other_units"),
    [(45, 300, 30, 300), (1, 40, 9, 55), (1200, 10_000, 1100, 9_800)],
)
def test_shares_are_tested_as_scipy_does(
    hits: int, units: int, other_hits: int, other_units: int
) -> None:
    """Two proportions with one common rate are the chi-square test."""
    found = moments.two_proportions(hits, units, other_hits, other_units)
    table = [[hits, units - hits], [other_hits, other_units - other_hits]]
    expected = stats.chi2_contingency(table, correction=False)
    assert found.statistic**2 == pytest.approx(expected.statistic, **EXACT)
    assert found.p_value == pytest.approx(expected.pvalue, **EXACT)
    reach = stats.norm.ppf(0.975) * math.sqrt(
        np.var([1] * hits + [0] * (units - hits)) / units
        + np.var([1] * other_hits + [0] * (other_units - other_hits)) / other_units
    )
    assert found.upper - found.lower == pytest.approx(2 * reach, **EXACT)


def test_means_are_tested_as_scipy_does() -> None:
    """Welch from moments is Welch from units, interval included."""
    rng = np.random.default_rng(1)
    for variant, control in (
        (rng.gamma(2, 3, 80), rng.gamma(2, 2, 300)),
        (rng.poisson(2, 12), rng.poisson(3, 9)),
        (rng.normal(5, 1, 2), rng.normal(4, 9, 400)),
    ):
        found = moments.welch(moments.arm_of(variant), moments.arm_of(control))
        expected = stats.ttest_ind(variant, control, equal_var=False)
        interval = expected.confidence_interval(0.95)
        assert found.statistic == pytest.approx(expected.statistic, **EXACT)
        assert found.degrees == pytest.approx(expected.df, **EXACT)
        assert found.p_value == pytest.approx(expected.pvalue, **EXACT)
        assert found.lower == pytest.approx(interval.low, **EXACT)
        assert found.upper == pytest.approx(interval.high, **EXACT)


def test_ratios_are_tested_on_what_each_unit_adds() -> None:
    """The delta method is Welch's test on the linearised values of units."""
    rng = np.random.default_rng(2)
    arms, lines = [], []
    for rate, units in ((0.1, 120), (0.14, 90)):
        contacts = rng.poisson(4, units)
        complaints = rng.binomial(contacts, rate)
        arms.append(
            moments.Arm(
                units,
                complaints.sum(),
                contacts.sum(),
                (complaints**2).sum(),
                (contacts**2).sum(),
                (complaints * contacts).sum(),
            )
        )
        ratio = complaints.sum() / contacts.sum()
        lines.append(ratio + (complaints - ratio * contacts) / contacts.mean())
    found = moments.welch(*arms)
    expected = stats.ttest_ind(*lines, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic, **EXACT)
    assert found.p_value == pytest.approx(expected.pvalue, **EXACT)


def test_history_is_taken_out_as_it_would_be_unit_by_unit() -> None:
    """CUPED from moments is Welch on residuals; the effect stays, the noise goes."""
    rng = np.random.default_rng(3)
    before = [rng.gamma(3, 2, 400), rng.gamma(3, 2, 380)]
    after = [0.8 * line + rng.normal(0, 1, len(line)) for line in before]
    after[0] += 0.3
    found, gain = moments.adjusted(
        *(moments.arm_of(a, b) for a, b in zip(after, before, strict=True))
    )
    joint = sum(
        ((a - a.mean()) * (b - b.mean())).sum()
        for a, b in zip(after, before, strict=True)
    )
    slope = joint / sum(((b - b.mean()) ** 2).sum() for b in before)
    history = np.concatenate(before).mean()
    lean = [a - slope * (b - history) for a, b in zip(after, before, strict=True)]
    expected = stats.ttest_ind(*lean, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic, **EXACT)
    assert found.p_value == pytest.approx(expected.pvalue, **EXACT)
    assert found.lower < 0.3 < found.upper
    assert gain > 0.85


def test_nothing_is_tested_where_nothing_can_differ() -> None:
    """Too few units, no scatter, no history: no figure rather than a wrong one."""
    flat = moments.arm_of([1, 1, 1], [0, 0, 0])
    assert moments.welch(flat, flat) is None
    assert moments.welch(moments.arm_of([1]), moments.arm_of([1, 2])) is None
    assert moments.adjusted(flat, flat) is None
    assert moments.two_proportions(0, 50, 0, 60) is None
    assert moments.sample_ratio([10], [1]) is None


def test_arms_of_a_wrong_size_are_found() -> None:
    """The check is SciPy's chi-square of sizes."""
    found = moments.sample_ratio([520, 480], [0.5, 0.5])
    assert found == pytest.approx(stats.chisquare([520, 480]).pvalue, **EXACT)
    found = moments.sample_ratio([640, 360, 300], [0.5, 0.25, 0.25])
    expected = stats.chisquare([640, 360, 300], [650, 325, 325])
    assert found == pytest.approx(expected.pvalue, **EXACT)
    assert moments.sample_ratio([5500, 4500], [0.5, 0.5]) < 1e-9


def test_metrics_are_corrected_together_as_scipy_does() -> None:
    """Benjamini and Hochberg, ties and order included."""
    rng = np.random.default_rng(4)
    for values in ([0.01, 0.04, 0.03], rng.random(20).tolist(), [0.2, 0.2, 1.0], []):
        expected = stats.false_discovery_control(values) if values else []
        found = moments.benjamini_hochberg(values)
        assert found == pytest.approx(list(expected), **EXACT)


def test_bounds_are_those_that_are_published() -> None:
    """Five even looks, 0.025 on each side (Lan and DeMets, O'Brien-Fleming)."""
    found = looks.bounds([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found == pytest.approx([4.8769, 3.3570, 2.6803, 2.2898, 2.0310], abs=2e-4)
    assert looks.bounds([1.0]) == pytest.approx([stats.norm.ppf(0.975)], abs=1e-6)
    # what brings nothing new has the bound of the look before
    assert looks.bounds([0.5, 0.5])[1] == looks.bounds([0.5])[0]
    # beyond the plan nothing is left to spend
    assert looks.bounds([1.0, 1.3])[1] == looks.bounds([1.0])[0]


def daily_shares(
    rng: np.random.Generator, rate: float, per_day: int, times: int
) -> np.ndarray:
    """Return the hits so far, per experiment and day."""
    return rng.binomial(per_day, rate, (times, DAYS)).cumsum(axis=1)


def daily_z(variant: np.ndarray, control: np.ndarray, per_day: int) -> np.ndarray:
    """Return what the test of shares says each day."""
    units = per_day * np.arange(1, DAYS + 1)
    common = (variant + control) / (2 * units)
    error = np.sqrt(common * (1 - common) * 2 / units)
    return (variant - control) / units / error


def test_daily_looks_raise_few_false_alarms_and_find_what_is_there() -> None:
    """At most 6 % false alarms, at least 85 % power; plain looks alarm far more."""
    rng = np.random.default_rng(5)
    rate, effect, times = 0.2, 0.03, 4000
    per_day = math.ceil(moments.units_needed(rate, effect) / DAYS)
    bounds = np.array(looks.bounds([day / DAYS for day in range(1, DAYS + 1)]))
    idle = daily_z(
        daily_shares(rng, rate, per_day, times),
        daily_shares(rng, rate, per_day, times),
        per_day,
    )
    # the simulation tests what the package computes
    one = moments.two_proportions(30, 140, 20, 140)
    assert one.statistic == pytest.approx(
        float(daily_z(np.full((1, DAYS), 30), np.full((1, DAYS), 20), 140)[0, 0])
    )
    false_alarms = (abs(idle) >= bounds).any(axis=1).mean()
    plain_alarms = (abs(idle) >= 1.96).any(axis=1).mean()
    assert false_alarms <= 0.06
    assert plain_alarms >= 0.18
    effective = daily_z(
        daily_shares(rng, rate + effect, per_day, times),
        daily_shares(rng, rate, per_day, times),
        per_day,
    )
    assert (effective >= bounds).any(axis=1).mean() >= 0.85


def test_agents_that_were_drawn_are_the_units() -> None:
    """Contacts of an agent resemble each other: they are not what was drawn."""
    rng = np.random.default_rng(6)
    times, agents, contacts = 1500, 40, 120
    by_contact = by_agent = 0
    for _ in range(times):
        # agents differ in how satisfied their customers are, whatever the variant
        rates = rng.beta(8, 2, 2 * agents)
        hits = rng.binomial(contacts, rates)
        sides = hits[:agents], hits[agents:]
        naive = moments.two_proportions(
            sides[0].sum(), agents * contacts, sides[1].sum(), agents * contacts
        )
        arms = [
            moments.Arm(
                agents,
                side.sum(),
                agents * contacts,
                (side**2).sum(),
                agents * contacts**2,
                (side * contacts).sum(),
            )
            for side in sides
        ]
        by_contact += naive.p_value < 0.05
        by_agent += moments.welch(*arms).p_value < 0.05
    assert by_contact / times > 0.2
    assert by_agent / times <= 0.065


def test_many_metrics_of_an_idle_experiment_find_little() -> None:
    """Together they find something about as seldom as one alone."""
    rng = np.random.default_rng(7)
    finds = [
        min(moments.benjamini_hochberg(rng.random(20))) <= 0.05 for _ in range(4000)
    ]
    assert 0.035 <= np.mean(finds) <= 0.065


def row(variant: str, hits: int, units: int, **changed: object) -> dict:
    """Return a row of kpi_experiments about a share."""
    return {
        "experiment_name": "tone",
        "metric_name": "conversion_rate",
        "metric_kind": "share",
        "variant_name": variant,
        "control_variant_name": "plain",
        "metric_value_reason": None,
        "is_control": variant == "plain",
        "assigned_unit_count": units,
        "unit_count": units,
        "planned_unit_count": 1000,
        "planned_share": 0.5,
        "numerator_sum": hits,
        "denominator_sum": units,
        "numerator_square_sum": hits,
        "denominator_square_sum": units,
        "product_sum": hits,
        "covariate_sum": 0,
        "covariate_square_sum": 0,
        "covariate_product_sum": 0,
        **changed,
    }


def test_an_early_look_needs_much_and_a_late_one_little() -> None:
    """The same z is no find at a fifth of the plan, and is one at its end."""
    day = date(2026, 1, 5)
    early = look([row("plain", 20, 100), row("warm", 36, 100)], {}, day)[0]
    late = look([row("plain", 100, 500), row("warm", 135, 500)], {}, day)[0]
    assert early.z_value == pytest.approx(late.z_value, abs=0.1)
    assert 2.4 < early.z_value < early.bound_value
    assert not early.is_significant
    assert late.is_significant
    # whoever has looked before has spent some of it
    former = {early.line: [0.2, 0.6, 0.8]}
    again = look([row("plain", 100, 500), row("warm", 135, 500)], former, day)[0]
    assert again.bound_value > late.bound_value


def test_arms_that_were_not_drawn_as_planned_find_nothing() -> None:
    """A large difference between arms of wrong sizes is no effect."""
    found = look([row("plain", 50, 600), row("warm", 120, 400)], {}, date(2026, 1, 5))
    assert found[0].is_sample_ratio_right is False
    assert found[0].p_value < 1e-6
    assert found[0].is_significant is False


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("warm", 3, 20)], "control_has_no_units"),
        ([row("plain", 0, 20), row("warm", 0, 20)], "nothing_differs"),
        (
            [
                row("plain", 2, 20),
                row("warm", 0, 0, metric_value_reason="no_window_over"),
            ],
            "no_window_over",
        ),
    ],
)
def test_what_cannot_be_tested_says_why(rows: list[dict], reason: str) -> None:
    """Never a zero, never nothing."""
    found = look(rows, {}, date(2026, 1, 5))
    assert [result.result_reason for result in found] == [reason]
    assert found[0].p_value is None


def assignments_of(world: Path) -> pd.DataFrame:
    """Return the assignments as they were written, with the person of each."""
    files = sorted((world / "marketing").glob("experiments_*"))
    drawn = pd.concat([pd.read_csv(path, dtype=str) for path in files])
    drawn = drawn.drop_duplicates("assignment_id", keep="last")
    records = pd.read_parquet(world / "truth" / "records.parquet")
    known = records[
        (records["source_name"] == "crm") & (records["table_name"] == "customers")
    ].set_index("record_id")["person_id"]
    return drawn.assign(
        person_id=drawn["crm_customer_id"].map(known),
        at=pd.to_datetime(drawn["assigned_at"], utc=True, format="ISO8601"),
    )


def test_units_did_what_the_world_says(built: Warehouse, world: Path) -> None:
    """Contacts and complaints of each unit, counted anew from the truth."""
    drawn = assignments_of(world)
    truth = pd.read_parquet(world / "truth" / "interactions.parquet")
    truth = truth[truth["direction"] == "inbound"]
    truth = truth.assign(at=pd.to_datetime(truth["started_at"], utc=True))
    units = built.frame(
        "select assignments.assignment_id, outcomes.*"
        " from marts.fct_experiment_outcomes as outcomes"
        " inner join identity.int_records__resolved as records"
        " on outcomes.unit_id = records.customer_id"
        " inner join cleaned.int_experiment_assignments__cleaned as assignments"
        " on records.record_id = 'assignment:' || assignments.assignment_id"
        " and outcomes.experiment_name = assignments.experiment_name"
    ).set_index("assignment_id")
    assert len(drawn) == len(units) > 100
    apart = []
    for one in drawn.itertuples():
        unit = units.loc[one.assignment_id]
        lived = truth[
            (truth["person_id"] == one.person_id)
            & (truth["at"] >= one.at)
            & (truth["at"] < one.at + WINDOW)
        ]
        assert (unit.assigned_at, unit.variant_name) == (one.at, one.variant)
        apart.append(unit.contact_count - len(lived))
    # who writes under a handle that no record names is another customer, so a unit may
    # have fewer contacts than its person; it has more only where a phone is shared
    assert np.mean([difference > 0 for difference in apart]) <= 0.01
    assert np.mean([difference == 0 for difference in apart]) >= 0.7


def test_sums_equal_a_count_by_hand(built: Warehouse) -> None:
    """Every figure of every arm, from contacts and orders in Python."""
    found = built.frame("select * from marts.kpi_experiments")
    drawn = built.frame(
        "select records.customer_id, assignments.*"
        " from cleaned.int_experiment_assignments__cleaned as assignments"
        " inner join identity.int_records__resolved as records"
        " on records.record_id = 'assignment:' || assignments.assignment_id"
    )
    contacts = built.frame(
        "select * from marts.fct_interactions where direction = 'inbound'"
    )
    sales = built.frame("select * from marts.fct_orders where is_sale")
    as_of = datetime.fromisoformat(AS_OF.split('"')[1]).replace(tzinfo=UTC)
    rows = []
    for (experiment, customer), group in drawn.groupby(
        ["experiment_name", "customer_id"]
    ):
        at = group["assigned_at"].min()
        if group["variant_name"].nunique() > 1 or at + WINDOW > as_of:
            continue
        own = contacts[contacts["customer_id"] == customer]
        after = own[own["started_at"].between(at, at + WINDOW, inclusive="left")]
        before = own[own["started_at"].between(at - WINDOW, at, inclusive="left")]
        bought = sales[sales["customer_id"] == customer]["ordered_at"]
        orders = int(bought.between(at, at + WINDOW, inclusive="left").sum())
        former = int(bought.between(at - WINDOW, at, inclusive="left").sum())
        arm = {
            "experiment_name": experiment,
            "variant_name": group.iloc[0].variant_name,
        }
        answers = after["csat_score"].notna()
        for metric, top, below, past in (
            ("conversion_rate", min(orders, 1), 1, min(former, 1)),
            ("orders_per_unit", orders, 1, former),
            ("contacts_per_unit", len(after), 1, len(before)),
            ("complaint_rate", int(after["is_complaint"].sum()), len(after), 0),
            (
                "csat_rate",
                int((after["csat_score"] >= 4).sum()),
                int(answers.sum()),
                0,
            ),
            (
                "average_handle_seconds",
                int(after["handle_seconds"].sum()),
                int(after["handle_seconds"].notna().sum()),
                0,
            ),
        ):
            rows.append(
                {
                    **arm,
                    "metric_name": metric,
                    "unit_count": 1,
                    "numerator_sum": top,
                    "denominator_sum": below,
                    "numerator_square_sum": top * top,
                    "denominator_square_sum": below * below,
                    "product_sum": top * below,
                    "covariate_sum": past,
                    "covariate_square_sum": past * past,
                    "covariate_product_sum": past * top,
                }
            )
    keys = ["experiment_name", "variant_name", "metric_name"]
    expected = pd.DataFrame(rows).groupby(keys).sum()
    names = expected.columns
    got = found.set_index(keys)[names].fillna(0).astype("int64")
    assert len(expected) == 24
    pd.testing.assert_frame_equal(
        expected.sort_index(), got.sort_index(), check_dtype=False
    )


def test_a_day_has_one_look(
    built: Warehouse, use_dsn: Callable[[str], None], copy_of: Callable[[str], str]
) -> None:
    """Looking again changes nothing; the next build shows the look."""
    warehouse = Warehouse(copy_of(built.dsn))
    use_dsn(warehouse.dsn)
    day = date(2026, 3, 15)
    with psycopg.connect(warehouse.dsn) as connection:
        assert look_today(connection, day) == 12
        assert look_today(connection, day) == 0
        assert look_today(connection, day + timedelta(days=1)) == 12
    warehouse.dbt("run", "--select", "fct_experiment_results")
    found = warehouse.frame(
        "select * from marts.fct_experiment_results where looked_date = %s", day
    )
    assert len(found) == 12
    tested = found[found["p_value"].notna()]
    assert len(tested) >= 8
    assert not tested["is_significant"].any()
    assert (tested["sample_ratio_p_value"] > 0.001).all()
    # what the table says is what SciPy says of the arms
    arms = warehouse.frame(
        "select * from marts.kpi_experiments where metric_name = 'conversion_rate'"
        " and experiment_name = 'greeting_tone'"
    ).set_index("variant_name")
    hits = [int(arms.loc[name, "numerator_sum"]) for name in ("warm", "plain")]
    units = [int(arms.loc[name, "unit_count"]) for name in ("warm", "plain")]
    expected = stats.chi2_contingency(
        [[hit, unit - hit] for hit, unit in zip(hits, units, strict=True)],
        correction=False,
    )
    said = tested[
        (tested["experiment_name"] == "greeting_tone")
        & (tested["metric_name"] == "conversion_rate")
    ].iloc[0]
    if said["adjusted_difference"] is None or math.isnan(said["adjusted_difference"]):
        assert said["p_value"] == pytest.approx(expected.pvalue, **EXACT)
