"""The fitted numbers of the value model as a Dagster asset."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.settings import UserError
from orchestration.value.warehouse import refit

KEY = dg.AssetKey(["value", "parameters"])
DAYS = 28
"""A version is used at least so long: each new one scores every customer anew."""


class FitOptions(dg.Config):
    """What a run may ask of the fit."""

    older_than_days: int = DAYS


@dg.asset(
    key=KEY,
    group_name="value",
    deps=[dg.AssetKey(["marts", "customer_value"])],
    kinds={"scipy", "postgres"},
    description=(
        "Seven numbers per currency that describe how customers buy, fitted to all of"
        " them; a new version at most every four weeks. The next build scores with it."
    ),
    metadata={"dagster/table_name": "frontdesk.value_parameters"},
)
def value_parameters(
    context: dg.AssetExecutionContext, config: FitOptions
) -> dg.MaterializeResult:
    """Fit what is due; report each currency, and why one was left."""
    # here and not above: the server may be started after the definitions are read
    from orchestration.database.connections import connect

    age = timedelta(days=config.older_than_days)
    try:
        with connect() as connection:
            fits = refit(connection, datetime.now(UTC), age)
    except UserError as error:
        # a run that builds a part may come before there is anything to fit to
        context.log.info(str(error))
        fits = []
    report: dict[str, object] = {}
    for done in fits:
        report[f"{done.segment} customers"] = done.customers
        report[f"{done.segment} version"] = done.version or 0
        if done.reason:
            context.log.info(f"{done.segment}: nothing fitted, {done.reason}")
        for name, number in done.model.parameters().items() if done.model else ():
            report[f"{done.segment} {name}"] = number
    written = sum(len(done.model.parameters()) for done in fits if done.model)
    return dg.MaterializeResult(metadata={"dagster/row_count": written, **report})
