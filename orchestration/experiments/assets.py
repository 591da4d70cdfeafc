"""The asset that looks at every experiment once a day, after the build."""

import dagster as dg

from orchestration.database import connections
from orchestration.experiments.results import look_today


@dg.asset(
    key=["frontdesk", "experiment_results"],
    group_name="frontdesk",
    deps=[dg.AssetKey(["marts", "kpi_experiments"])],
    kinds={"python", "postgres"},
    description=(
        "Tests, intervals and bounds of every experiment, one look per day; read in"
        " marts.fct_experiment_results from the next build on."
    ),
)
def experiment_results() -> dg.MaterializeResult:
    """Look at every experiment, unless today's look is there already."""
    with connections.connect() as connection:
        written = look_today(connection)
    return dg.MaterializeResult(metadata={"new_results": written})
