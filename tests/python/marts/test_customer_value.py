"""What customers are worth: fitted and scored as published, on the CDNOW customers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
from jinja2 import Environment
from scipy.integrate import quad
from scipy.special import hyp2f1
from scipy.stats import beta

from orchestration.settings import ROOT, UserError
from orchestration.value.model import (
    Purchases,
    ValueModel,
    fit,
    fit_amounts,
    require_enough,
)
from orchestration.value.warehouse import refit

CALIBRATION_ENDS = pd.Timestamp("1997-09-30")
HOLDOUT_WEEKS = 39.0
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
"""Fader, Hardie and Lee (2005), for a tenth of the customers."""
PUBLISHED_AMOUNTS = {"p": 6.25, "q": 3.74, "v": 15.44}
"""Fader and Hardie (2013), who give two decimals."""
NUMBERS = ValueModel(0.243, 4.414, 0.793, 2.426, 6.25, 3.74, 15.44)


def datasets() -> Path:
    """Return the folder of data that the package lifetimes carries, or skip."""
    found = find_spec("lifetimes")
    for place in found.submodule_search_locations or () if found else ():
        if (Path(place) / "datasets" / "CDNOW_master.txt").exists():
            return Path(place) / "datasets"
    pytest.skip("CDNOW_master.txt is absent: pip install --no-deps lifetimes==0.11.3")


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """Return every purchase of the 23,570 customers."""
    bought = pd.read_csv(datasets() / "CDNOW_master.txt", sep=r"\s+", dtype=str)
    bought["date"] = pd.to_datetime(bought["date"])
    bought["amount"] = bought["dollar_value"].astype(float)
    return bought


def summarise(bought: pd.DataFrame) -> pd.DataFrame:
    """Return how each customer bought up to the end of the calibration."""
    before = bought[bought["date"] <= CALIBRATION_ENDS]
    days = before.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    dates = days.groupby("customer_id")["date"]
    first, last = dates.min(), dates.max()
    again = days[days["date"] > days["customer_id"].map(first)]
    means = again.groupby("customer_id")["amount"].mean()
    return pd.DataFrame(
        {
            "x": dates.size() - 1.0,
            "t_x": (last - first).dt.days / 7,
            "weeks": (CALIBRATION_ENDS - first).dt.days / 7,
            "m": means.reindex(first.index).fillna(0.0),
        }
    )


def as_purchases(summary: pd.DataFrame) -> Purchases:
    """Return a summary as the fit takes it."""
    return Purchases(*(summary[name].to_numpy() for name in ("x", "t_x", "weeks", "m")))


SCORES = """
select
    {{ alive_chance('bought') }},
    {{ alive_chance('bought') }} * living.purchases,
    {{ purchase_amount('bought') }}
from bought
cross join {{ purchases_of_living('bought', horizon) }} as living
order by place
"""


def scores(horizon: float) -> str:
    """Return a query with the SQL that the mart scores with."""
    text = (ROOT / "macros" / "customer_360" / "value_model.sql").read_text()
    whole = Environment(autoescape=False).from_string(text + SCORES)
    return whole.render(horizon=f"{horizon}::float8")


def score_in_sql(
    connection: psycopg.Connection,
    summary: pd.DataFrame,
    model: ValueModel,
    horizon: float,
) -> pd.DataFrame:
    """Score customers with the macro, in the order of the summary."""
    connection.execute(
        "create temporary table bought (place bigint, x float8, t_x float8,"
        " weeks float8, m float8, r float8, alpha float8, a float8, b float8,"
        " p float8, q float8, v float8) on commit drop"
    )
    numbers = tuple(model.parameters().values())
    columns = ["x", "t_x", "weeks", "m"]
    with (
        connection.cursor() as cursor,
        cursor.copy("copy bought from stdin") as copied,
    ):
        for place, row in enumerate(summary[columns].itertuples(index=False)):
            copied.write_row((place, *map(float, row), *numbers))
    rows = connection.execute(scores(horizon)).fetchall()
    return pd.DataFrame(
        rows, columns=["alive", "purchases", "amount"], index=summary.index
    )


def score_in_scipy(
    summary: pd.DataFrame, model: ValueModel, horizon: float
) -> pd.DataFrame:
    """Score customers with the published formulas as they stand."""
    x, t_x, weeks, m = (summary[name].to_numpy() for name in ("x", "t_x", "weeks", "m"))
    r, alpha, a, b, p, q, v = model.parameters().values()
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = a / (b + x - 1) * ((alpha + weeks) / (alpha + t_x)) ** (r + x)
    alive = 1 / (1 + np.where(x > 0, odds, 0))
    z = horizon / (alpha + weeks + horizon)
    kept = ((alpha + weeks) / (alpha + weeks + horizon)) ** (r + x)
    purchases = (
        alive
        * (a + b + x - 1)
        / (a - 1)
        * (1 - kept * hyp2f1(r + x, b + x, a + b + x - 1, z))
    )
    amount = p * (v + x * m) / (p * x + q - 1)
    return pd.DataFrame(
        {"alive": alive, "purchases": purchases, "amount": amount}, index=summary.index
    )


@pytest.fixture(scope="module")
def database(fresh_dsn: Callable[[], str]) -> Iterator[psycopg.Connection]:
    """Open an empty database."""
    with psycopg.connect(fresh_dsn()) as connection:
        yield connection


def test_the_published_numbers_are_found(cdnow: pd.DataFrame) -> None:
    """On the tenth of the customers that the articles use."""
    tenth = pd.read_csv(
        datasets() / "CDNOW_sample.txt", sep=r"\s+", header=None, dtype=str
    )
    bought = cdnow[cdnow["customer_id"].isin(tenth[0])]
    assert bought["customer_id"].nunique() == 2_357
    found = fit(as_purchases(summarise(bought))).parameters()
    for name, number in PUBLISHED.items():
        assert found[name] == pytest.approx(number, abs=0.002), name
    for name, number in PUBLISHED_AMOUNTS.items():
        assert found[name] == pytest.approx(number, abs=0.005), name


def test_the_best_tenth_holds_half_of_what_comes(
    cdnow: pd.DataFrame, database: psycopg.Connection
) -> None:
    """Fitted to 39 weeks of all customers, scored in SQL, judged by the next 39."""
    summary = summarise(cdnow)
    model = fit(as_purchases(summary))
    scored = score_in_sql(database, summary, model, HOLDOUT_WEEKS)
    database.rollback()
    later = cdnow[cdnow["date"] > CALIBRATION_ENDS]
    revenue = later.groupby("customer_id")["amount"].sum().reindex(summary.index)
    worth = scored["purchases"] * scored["amount"]
    best = worth.nlargest(round(len(worth) / 10)).index
    assert revenue[best].sum() / revenue.sum() >= 0.51


def customers(
    counts: Sequence[int] = (0, 1, 2, 5, 20, 60),
    ages: Sequence[float] = (0.0, 0.3, 2.0, 12.0, 52.0, 260.0),
) -> pd.DataFrame:
    """Return new and old customers, of many purchases and of none after the first."""
    grid = [
        (float(x), share * weeks if x else 0.0, weeks, 22.35 if x else 0.0)
        for x in counts
        for weeks in ages
        for share in (0.1, 0.7, 1.0)
    ]
    return pd.DataFrame(grid, columns=["x", "t_x", "weeks", "m"])


@pytest.mark.parametrize("horizon", [4.0, 26.0, 365 / 7])
def test_sql_scores_as_the_formulas_do(
    database: psycopg.Connection, horizon: float
) -> None:
    """By the hypergeometric function, as the articles give it."""
    summary = customers()
    in_sql = score_in_sql(database, summary, NUMBERS, horizon)
    database.rollback()
    in_scipy = score_in_scipy(summary, NUMBERS, horizon)
    np.testing.assert_allclose(in_sql, in_scipy, rtol=1e-6)


def purchases_of_living(
    row: pd.Series, model: ValueModel, horizon: float
) -> tuple[float, float]:
    """Return the mean over all chances to leave, and how well it is known."""
    leaves = beta(model.a, model.b + row.x)
    slope = horizon / (model.alpha + row.weeks)

    def purchases(share: float) -> float:
        # as many of the customers leave less readily
        chance = leaves.ppf(share)
        if chance * slope < 1e-12:
            return (model.r + row.x) * slope
        return -np.expm1(-(model.r + row.x) * np.log1p(chance * slope)) / chance

    return quad(purchases, 0.0, 1.0, limit=400, epsabs=0.0, epsrel=1e-9)


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param((0.15, 0.689, 4816.6, 3826.5), id="all leave alike"),
        pytest.param((0.17, 0.743, 24.9, 19.2), id="most leave alike"),
        pytest.param((0.8, 6.0, 1.0, 2.5), id="a of one"),
        pytest.param((0.3, 0.05, 0.4, 40.0), id="few ever leave"),
        pytest.param((5.0, 30.0, 0.06, 0.09), id="at once or never"),
    ],
)
def test_whatever_was_fitted_can_be_scored(
    database: psycopg.Connection, numbers: tuple[float, float, float, float]
) -> None:
    """No number is out of range, and each is what numeric integration finds."""
    model = ValueModel(*numbers, 6.25, 3.74, 15.44)
    horizon = 365 / 7
    summary = customers((0, 1, 7, 60), (0.0, 0.3, 9.0, 260.0)).drop_duplicates(
        ["x", "weeks"], keep="last", ignore_index=True
    )
    in_sql = score_in_sql(database, summary, model, horizon)
    database.rollback()
    for place, row in summary.iterrows():
        expected, error = purchases_of_living(row, model, horizon)
        assert error < 1e-7 * expected
        found = in_sql.loc[place]
        assert found["purchases"] / found["alive"] == pytest.approx(expected, rel=3e-6)


def test_what_is_not_known_is_not_scored(database: psycopg.Connection) -> None:
    """No numbers are fitted yet, or the customer has never bought."""
    database.execute(
        "create temporary table bought on commit drop as select 1 as place,"
        " r, alpha, a, b, p, q, v, x, t_x, weeks, m from (values"
        " (null, null, null, null, null, null, null, 3.0, 2.0, 9.0, 5.0),"
        " (0.2, 4.0, 0.8, 2.4, 6.2, 3.7, 15.4, 3.0, null, null, null)"
        ") as known (r, alpha, a, b, p, q, v, x, t_x, weeks, m)"
    )
    for column in ("r", "alpha", "a", "b", "p", "q", "v", "x", "t_x", "weeks", "m"):
        database.execute(f"alter table bought alter {column} type float8")
    assert database.execute(scores(26.0)).fetchall() == [(None, None, None)] * 2
    database.rollback()


def test_who_bought_daily_and_long_ago_has_left(database: psycopg.Connection) -> None:
    """The odds are beyond what a number can hold, in both directions."""
    summary = pd.DataFrame(
        [(400.0, 57.0, 57.0, 9.0), (400.0, 57.0, 2_000.0, 9.0), (1e4, 2e3, 2e3, 1.0)],
        columns=["x", "t_x", "weeks", "m"],
    )
    model = ValueModel(0.2, 0.05, 1e-5, 1.6e5, 6.25, 3.74, 15.44)
    scored = score_in_sql(database, summary, model, 365 / 7)
    database.rollback()
    assert scored["alive"].tolist() == [
        pytest.approx(1),
        pytest.approx(0),
        pytest.approx(1),
    ]
    assert scored["purchases"].iloc[1] == pytest.approx(0)
    assert (scored["purchases"].iloc[[0, 2]] > 200).all()


def made_up(
    customers: int, seed: int, leaving: tuple[float, float] = (0.9, 2.5)
) -> pd.DataFrame:
    """Draw customers who buy as the model says."""
    draw = np.random.default_rng(seed)
    rows = []
    for rate, leaves, mean in zip(
        draw.gamma(0.8, 1 / 6.0, customers),
        draw.beta(*leaving, customers),
        6.0 / draw.gamma(4.0, 1 / 120.0, customers),
        strict=True,
    ):
        weeks, at, times = draw.uniform(20, 80), 0.0, []
        while (at := at + draw.exponential(1 / rate)) < weeks:
            times.append(at)
            if draw.random() < leaves:
                break
        amounts = draw.gamma(6.0, mean / 6.0 * 20, len(times))
        rows.append(
            (
                float(len(times)),
                times[-1] if times else 0.0,
                weeks,
                float(amounts.mean()) if times else 0.0,
            )
        )
    return pd.DataFrame(rows, columns=["x", "t_x", "weeks", "m"])


def test_what_was_drawn_is_found_again() -> None:
    """The fit recovers how often and how long made-up customers buy."""
    found = fit(as_purchases(made_up(20_000, 5)))
    assert found.r / found.alpha == pytest.approx(0.8 / 6.0, rel=0.08)
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.4, rel=0.1)


def test_a_feed_that_stopped_is_fitted_and_scored(database: psycopg.Connection) -> None:
    """All leave alike and have left, so no numbers but extreme ones fit.

    How extreme is chance: any that tell of customers who hardly differ fit as well.
    """
    bought = made_up(2_000, 6, leaving=(5e4, 5e4))
    bought["weeks"] += 40
    fitted = fit(as_purchases(bought))
    assert beta(fitted.a, fitted.b).std() < 0.05
    again = bought["x"] > 0
    for model in (fitted, replace(fitted, a=5e4, b=5e4)):
        scored = score_in_sql(database, bought, model, 365 / 7)
        database.rollback()
        assert scored["alive"].between(0, 1).all()
        assert (
            scored.loc[again, "purchases"].mean() < 0.1 * bought.loc[again, "x"].mean()
        )


def test_too_few_customers_are_refused() -> None:
    """Better no number than noise."""
    with pytest.raises(UserError, match="too few"):
        require_enough(as_purchases(made_up(150, 1)))


def test_amounts_without_a_mean_are_refused() -> None:
    """The more customers, the more the richest of them pays."""
    draw = np.random.default_rng(4)
    x = draw.integers(1, 6, 3_000).astype(float)
    m = draw.gamma(6.0 * x) / x / draw.gamma(0.8, 1.0, 3_000)
    with pytest.raises(UserError, match="have no mean"):
        fit_amounts(Purchases(x, x, x, m))


def test_a_fit_is_a_version_and_waits_its_time(database: psycopg.Connection) -> None:
    """Written once per currency; a young version stays, few customers give none."""
    database.execute("create schema marts")
    database.execute("create schema frontdesk")
    database.execute(
        "create table frontdesk.value_parameters (model_version integer, model text,"
        " segment text, parameter text, parameter_value float8, customer_count bigint,"
        " measured_at timestamptz, fitted_at timestamptz default now())"
    )
    database.execute(
        "create table marts.customer_value (customer_id text, order_currency text,"
        " order_count bigint, repeat_purchase_count bigint,"
        " weeks_to_last_purchase numeric(10, 4), observed_weeks numeric(10, 4),"
        " repeat_purchase_amount numeric(12, 2), last_ordered_at timestamptz)"
    )
    for currency, customers in (("CNY", 1_500), ("GBP", 50)):
        with database.cursor() as cursor:
            cursor.executemany(
                "insert into marts.customer_value"
                " values (%s, %s, 1, %s, %s, %s, nullif(%s, 0), now())",
                [
                    (f"{currency}{place}", currency, int(x), t_x, weeks, m)
                    for place, (x, t_x, weeks, m) in enumerate(
                        made_up(customers, 3).itertuples(index=False)
                    )
                ],
            )
    month = timedelta(days=28)
    yuan, pounds = refit(database, datetime.now(UTC), month)
    assert (yuan.version, pounds.version) == (1, None)
    assert "too few" in pounds.reason
    # Dagster keeps plain numbers only, and no array's
    assert {type(number) for number in yuan.model.parameters().values()} == {float}
    again, _ = refit(database, datetime.now(UTC), month)
    assert (again.version, again.model) == (1, None)
    later, _ = refit(database, datetime.now(UTC) + month, month)
    assert later.version == 2
    written = database.execute(
        "select model_version, count(*) from frontdesk.value_parameters"
        " group by model_version order by 1"
    ).fetchall()
    assert written == [(1, 7), (2, 7)]
    database.rollback()
