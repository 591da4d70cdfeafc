"""Each rule as an asset check: passed while none of its series fires."""

import csv
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.database import connections
from orchestration.deliver.alerts.catalogue import catalogue
from orchestration.deliver.alerts.schema import is_ready
from orchestration.settings import settings

PREFIX = "alert_"
"""Checks that begin so are no alerts again: `check_failure_count` leaves them out."""

STATES = """
select
    rules.rule_name,
    rules.severity,
    rules.is_enabled,
    count(series.series_id) as series_count,
    count(*) filter (where series.base_state in ('firing', 'recovering')) as firing,
    count(*) filter (where series.state = 'error') as failed,
    count(*) filter (where series.state = 'no_data') as unknown,
    max(series.reason) filter (where series.state = 'error') as reason,
    (select max(last_at) > now() - interval '1 minute' from alerts.evaluations)
from alerts.rules as rules
left join alerts.series as series
    on rules.rule_name = series.rule_name
group by rules.rule_name, rules.severity, rules.is_enabled
"""
REFUSALS = "select what, reason from alerts.refusals"


def judge(
    name: str, row: tuple[Any, ...] | None, refused: Mapping[str, str]
) -> tuple[bool, str, dict[str, int]]:
    """Return whether a rule's check passes, a sentence that says so, and counts."""
    if name in refused:
        return False, refused[name], {}
    if row is None:
        return True, "no engine has taken the rule up yet: `frontdesk alerts run`", {}
    _, _, is_enabled, count, firing, failed, unknown, reason, is_watched = row
    counts = {"series": count, "firing": firing, "no_data": unknown, "error": failed}
    if not is_enabled:
        return True, "the rule is off", counts
    if failed:
        return False, f"cannot be judged: {reason}", counts
    said = f"{firing} of {count} series fire"
    if not is_watched:
        said += "; no engine has looked within a minute"
    return not firing, said, counts


def make_alert_checks() -> list[dg.AssetChecksDefinition]:
    """Return one step that shows the state of every rule of the project's list."""
    seeds = settings().root / "seeds"
    with (seeds / "seed_alert_rules.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = catalogue(None, seeds).measures
    shown_at = {
        row["rule_name"]: dg.AssetKey(list(known[row["measure"]].asset))
        for row in rows
        if row["measure"] in known
    }
    specs = [
        dg.AssetCheckSpec(
            f"{PREFIX}{row['rule_name']}",
            asset=shown_at[row["rule_name"]],
            description=row["title_en"],
        )
        for row in rows
        if row["rule_name"] in shown_at
    ]

    @dg.multi_asset_check(name="alert_rules", specs=specs)
    def alert_rules() -> Iterator[dg.AssetCheckResult]:
        with connections.connect() as connection:
            found, refused = {}, {}
            if is_ready(connection):
                found = {row[0]: row for row in connection.execute(STATES).fetchall()}
                refused = dict(connection.execute(REFUSALS).fetchall())
        for name, key in shown_at.items():
            row = found.get(name)
            passed, said, counts = judge(name, row, refused)
            is_critical = row is not None and row[1] == "critical"
            # what fires is news of the business, not a build to be stopped
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=f"{PREFIX}{name}",
                passed=passed,
                severity=dg.AssetCheckSeverity.ERROR
                if is_critical
                else dg.AssetCheckSeverity.WARN,
                description=said,
                metadata=counts,
            )

    return [alert_rules]
