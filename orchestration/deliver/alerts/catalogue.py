"""The catalogue: everything a rule may measure, each by its name."""

from pathlib import Path

import psycopg

from orchestration.deliver.alerts.live_measures import live_measures
from orchestration.deliver.alerts.machine_measures import machine_measures
from orchestration.deliver.alerts.mart_measures import conditions, metrics
from orchestration.deliver.alerts.measures import Catalogue


def catalogue(conn: psycopg.Connection | None, seeds: Path) -> Catalogue:
    """Return everything that can be measured here."""
    found = [
        *live_measures(),
        *metrics(seeds / "seed_metrics.csv"),
        *conditions(conn),
        *machine_measures(),
    ]
    return Catalogue({measure.name: measure for measure in found})
