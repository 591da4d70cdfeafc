"""What a notice says: the payload that templates turn into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.deliver.alerts.incident_store import Incident
from orchestration.deliver.alerts.rulebook import Rulebook
from orchestration.deliver.alerts.rules import Rule
from orchestration.deliver.alerts.series import Series
from orchestration.settings import settings

MOST_MEMBERS = 20


@dataclass(frozen=True)
class Told:
    """What is told: an incident, and the series that it is told of."""

    kind: str
    incident: Incident
    rule: Rule | None
    members: list[Series]
    fresh: list[Series]
    """Those of whom people have not heard yet, when others were told before."""
    now: datetime


def payload(told: Told, book: Rulebook) -> dict[str, Any]:
    """Return everything a template needs, fit for JSON.

    No names of customers: offenders are ids.
    """
    incident, rule = told.incident, told.rule
    found: dict[str, Any] = {
        "incident": incident.incident_id,
        "rule": incident.rule_name,
        "severity": incident.severity,
        "title": {"en": incident.rule_name},
        "labels": incident.labels,
        "since": incident.opened_at.isoformat(),
        "time_zone": book.zone,
        "link": settings().wall_url,
    }
    if rule is not None:
        measure = book.catalogue.measures[rule.measure]
        found |= {
            "title": {"en": rule.title_en, "zh": rule.title_zh},
            "comparison": rule.comparison,
            "unit": measure.unit,
            "owner": rule.owner,
            **_runbook(rule),
        }
    if told.kind == "resolved":
        found["ended_at"] = told.now.isoformat()
    if incident.level and told.kind == "escalated":
        found["level"] = incident.level
    if told.kind == "repeat":
        found["repeat_number"] = incident.repeat_count
    if incident.acknowledged_by:
        found["acknowledged_by"] = incident.acknowledged_by
    if incident.cause != "limit":
        found["state"] = incident.cause
        if incident.resolved_reason:
            found["note"] = incident.resolved_reason
        return found
    found |= {
        "value": incident.value,
        "limit": incident.limit_value,
        "worst": incident.worst_value,
        "sample_count": incident.sample_count,
        "offenders": incident.offenders or [],
    }
    if rule is not None and rule.clear_limit != rule.fire_limit:
        found["clear_limit"] = rule.clear_limit
    if told.kind == "resolved" and incident.resolved_reason:
        found["note"] = incident.resolved_reason
    return found | _members(told)


def _members(told: Told) -> dict[str, Any]:
    """Return the series of an incident: one is its labels, several are a list."""
    shown = told.fresh or told.members
    if len(told.members) == 1 and not told.fresh:
        return {"labels": told.members[0].labels}
    rows = [
        {
            "labels": {
                name: value
                for name, value in one.labels.items()
                if name not in told.incident.labels
            },
            "value": one.value,
            "sample_count": one.sample_count,
        }
        for one in sorted(shown, key=lambda one: one.value or 0, reverse=True)
    ]
    if told.rule is not None and told.rule.comparison == "below":
        rows.reverse()
    return {
        "members": rows[:MOST_MEMBERS],
        "members_left_out": max(len(rows) - MOST_MEMBERS, 0)
        + (len(told.members) - len(told.fresh) if told.fresh else 0),
    }


def _runbook(rule: Rule) -> Mapping[str, str]:
    """Return the address of the runbook, or its place where there is no address."""
    base = settings().runbook_url
    if not rule.runbook or not base or rule.runbook.startswith(("https://", "http://")):
        return {"runbook": rule.runbook} if rule.runbook else {}
    return {"runbook": f"{base.rstrip('/')}/{rule.runbook}"}
