"""The code location: assembles, decides nothing."""

import dagster as dg

from orchestration.checks import make_source_checks
from orchestration.deliver.alerts.checks import make_alert_checks
from orchestration.experiments.assets import experiment_results
from orchestration.jobs import rebuild, refresh
from orchestration.load.assets import raw_assets
from orchestration.raw.sources import SOURCES
from orchestration.schedules import make_schedules
from orchestration.sensors import sensors
from orchestration.transform.assets import make_warehouse_assets
from orchestration.transform.project import dbt_project
from orchestration.transform.refresh.job import live_refresh, raw_news
from orchestration.value.assets import value_parameters


@dg.definitions
def defs() -> dg.Definitions:
    """Return everything Dagster runs and shows."""
    return dg.Definitions(
        assets=[
            *raw_assets,
            make_warehouse_assets(dbt_project()),
            experiment_results,
            value_parameters,
        ],
        asset_checks=[
            *make_source_checks(SOURCES.values()),
            *make_alert_checks(),
        ],
        jobs=[refresh, rebuild, live_refresh],
        schedules=make_schedules(),
        sensors=[*sensors, raw_news],
        executor=dg.in_process_executor,
    )
