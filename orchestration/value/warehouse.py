"""Reads how customers bought, writes what was fitted: a version each time, for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import psycopg

from orchestration.settings import UserError
from orchestration.value.model import Purchases, ValueModel, fit, require_enough

MODEL = "value"
TABLE = "frontdesk.value_parameters"
BUILT = (
    "select to_regclass('marts.customer_value') is not null"
    f" and to_regclass('{TABLE}') is not null"
)
CURRENCIES = """
select distinct order_currency from marts.customer_value
where order_count > 0 and order_currency is not null
order by order_currency
"""
MEASURED_AT = "select max(last_ordered_at) from marts.customer_value"
BOUGHT = """
select
    repeat_purchase_count::float8,
    weeks_to_last_purchase::float8,
    observed_weeks::float8,
    coalesce(repeat_purchase_amount, 0)::float8
from marts.customer_value
where order_count > 0 and order_currency = %s
order by customer_id
"""
LAST_FIT = f"""
select model_version, fitted_at from {TABLE}
where model = '{MODEL}' and segment = %s
order by model_version desc
limit 1
"""
WRITE = f"""
insert into {TABLE} (
    model_version, model, segment, parameter, parameter_value, customer_count,
    measured_at
)
values (%s, '{MODEL}', %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Fit:
    """What came of one currency."""

    segment: str
    customers: int
    version: int | None
    """The version in force afterwards; none while nothing was ever fitted."""
    model: ValueModel | None
    """What was fitted now."""
    reason: str | None
    """Why nothing was."""


def read_purchases(connection: psycopg.Connection, currency: str) -> Purchases:
    """Return how the customers of a currency bought."""
    rows = connection.execute(BOUGHT, [currency]).fetchall()
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Purchases(*columns)


def refit(
    connection: psycopg.Connection,
    now: datetime,
    older_than: timedelta,
    currencies: Sequence[str] = (),
) -> list[Fit]:
    """Fit each currency whose last version is old enough; write a version of each.

    The next build scores with them.
    """
    if not connection.execute(BUILT).fetchone()[0]:
        raise UserError("there are no orders yet: `frontdesk build`, then again")
    # one at a time: two at once would give one number to two versions
    connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [TABLE])
    known = [row[0] for row in connection.execute(CURRENCIES).fetchall()]
    return [
        _refit_one(connection, currency, now, older_than)
        for currency in (currencies or known)
    ]


def _refit_one(
    connection: psycopg.Connection, currency: str, now: datetime, older_than: timedelta
) -> Fit:
    last = connection.execute(LAST_FIT, [currency]).fetchone()
    version, fitted_at = last or (0, None)
    purchases = read_purchases(connection, currency)
    customers = len(purchases.x)
    if fitted_at and now - fitted_at < older_than:
        return Fit(currency, customers, version, None, f"fitted at {fitted_at:%F %T}")
    try:
        require_enough(purchases)
        model = fit(purchases)
    except UserError as error:
        return Fit(currency, customers, version or None, None, str(error))
    measured_at = connection.execute(MEASURED_AT).fetchone()[0]
    with connection.cursor() as cursor:
        cursor.executemany(
            WRITE,
            [
                (version + 1, currency, name, number, customers, measured_at)
                for name, number in model.parameters().items()
            ],
        )
    return Fit(currency, customers, version + 1, model, None)
