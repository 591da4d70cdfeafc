"""Measures of the marts: metrics of the KPI marts, and conditions of the exports.

A metric is measured by the expression that defines it in `seed_metrics`, a condition is
a model `exports.alert_<condition>`, found by its prefix.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import psycopg

from orchestration.deliver.alerts.measures import (
    DAY,
    HOUR,
    MART_SECONDS,
    MONTH,
    Measure,
)

EXPORT_COLUMNS = ("alert_id", "alert_value", "sample_count", "offenders", "counted_at")

MARTS = {
    "kpi_channel_hourly": ("hour_started_at", ("channel",)),
    "kpi_queue_hourly": ("hour_started_at", ("channel", "queue_name")),
    "kpi_tickets_daily": ("activity_date", ("source_name", "channel", "queue_name")),
    "kpi_backlog_daily": ("calendar_date", ("source_name", "channel", "queue_name")),
    "kpi_bot_daily": ("started_date", ("channel", "site_code", "topic")),
    "kpi_satisfaction_daily": ("sent_date", ("channel", "site_code", "queue_name")),
    "kpi_fcr_daily": ("started_date", ("channel", "site_code", "queue_name")),
    "kpi_topics_daily": ("started_date", ("channel", "topic")),
    "kpi_agent_daily": ("calendar_date", ("team_name", "site_code", "agent_id")),
}
"""KPI marts that rules may ask: their time, and the labels of a series."""
PLAIN = re.compile(r"[a-z][a-z0-9_]*")
DENOMINATOR = re.compile(r"/ nullif\((.+), 0\)$", re.DOTALL)


def metrics(path: Path) -> list[Measure]:
    """Return a measure for each metric of a list that rolls up from a KPI mart.

    The sample of a ratio is what it is divided by; of a count, the count itself.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        mart = next((m for m in row["model_names"].split("|") if m in MARTS), None)
        expression = row["expression"]
        if mart is None or not expression:
            continue
        time, labels = MARTS[mart]
        below = DENOMINATOR.search(expression)
        step, longest = (HOUR, MONTH) if mart.endswith("_hourly") else (DAY, MONTH)
        if mart == "kpi_backlog_daily":
            # what stood open on two days may not be added up
            longest = DAY
        found.append(
            Measure(
                name=row["metric"],
                kind="threshold",
                title=row["title_en"],
                unit=row["unit"],
                labels=labels,
                source=f"marts.{mart}",
                value=expression,
                sample=below[1] if below else expression,
                relations=(f"marts.{mart}",),
                where=_within(time),
                windows=(step, longest),
                default_window=step,
                every_seconds=MART_SECONDS,
                is_mart=True,
                asset=("marts", mart),
            )
        )
    return found


def _within(time: str) -> str:
    """Return the condition that a row of a KPI mart lies in the window."""
    if time.endswith("_at"):
        return f"{time} > %(now)s - %(window)s and {time} <= %(now)s"
    return (
        f"{time} > (%(now)s at time zone %(zone)s - %(window)s)::date"
        f" and {time} <= (%(now)s at time zone %(zone)s)::date"
    )


CONDITIONS = """
select
    class.relname::text as model,
    array_agg(attribute.attname::text order by attribute.attnum) as columns
from pg_catalog.pg_class as class
inner join pg_catalog.pg_attribute as attribute
    on class.oid = attribute.attrelid
where
    class.relnamespace = to_regnamespace('exports')
    and class.relname like 'alert\\_%%'
    and class.relkind in ('r', 'p')
    and attribute.attnum > 0
    and not attribute.attisdropped
group by class.relname
order by class.relname
"""


@dataclass(frozen=True)
class _Condition:
    """What is said here of a condition beyond what its columns say."""

    kind: str = "threshold"
    unit: str = "count"
    value: str = "sum(alert_value)"


_CONDITIONS = {
    "sla_at_risk": _Condition("sla"),
    "sla_breached": _Condition("sla"),
    "churn_risk_in_contact": _Condition("churn", "share", "max(alert_value)"),
    "volume_unusual": _Condition("volume", "ratio", "max(alert_value)"),
}
_FIRST_LABELS = {
    "sla_at_risk": ("channel", "queue_name", "metric", "priority"),
    "sla_breached": ("channel", "queue_name", "metric", "priority"),
    "churn_risk_in_contact": ("channel", "customer_id", "value_tier"),
    "volume_unusual": ("source_name", "table_name", "volume_state"),
}


def _condition(name: str, labels: tuple[str, ...]) -> Measure:
    """Return the measure of one model `exports.alert_<name>`."""
    about = _CONDITIONS.get(name, _Condition())
    return Measure(
        name=name,
        kind=about.kind,
        title=name.replace("_", " ").capitalize(),
        unit=about.unit,
        labels=labels,
        source=f"exports.alert_{name}",
        value=about.value,
        sample="sum(sample_count)",
        offenders="jsonb_path_query_array("
        "jsonb_agg(offenders order by alert_value desc), '$[*][*]')",
        relations=(f"exports.alert_{name}",),
        is_zero_when_absent=True,
        every_seconds=MART_SECONDS,
        is_mart=True,
        asset=("exports", f"alert_{name}"),
    )


def conditions(conn: psycopg.Connection | None) -> list[Measure]:
    """Return a measure for each condition.

    Those that are built are found in the database; those that come with the project are
    known before the first build, too.
    """
    found = dict(_FIRST_LABELS)
    if conn is not None:
        for model, columns in conn.execute(CONDITIONS).fetchall():
            labels = tuple(c for c in columns if c not in EXPORT_COLUMNS)
            # names become part of a query as they are
            is_plain = all(map(PLAIN.fullmatch, (model, *labels)))
            if is_plain and set(EXPORT_COLUMNS) <= set(columns):
                found[model.removeprefix("alert_")] = labels
    return [_condition(name, labels) for name, labels in found.items()]
