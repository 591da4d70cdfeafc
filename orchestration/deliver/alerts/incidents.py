"""Incidents: what people are told of, from the first series that fires to the last.

Series of a rule that agree on its group labels are one incident. It is told once when
it opens, again at most once per repeat interval while it lasts, up the chain of routes
while nobody acknowledges, and as resolved to those who were told that it fired.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from orchestration.deliver.alerts import incident_store, outbox
from orchestration.deliver.alerts.incident_store import ADD, Incident, Member
from orchestration.deliver.alerts.muting import Muting
from orchestration.deliver.alerts.notices import Told, payload
from orchestration.deliver.alerts.rulebook import Rulebook
from orchestration.deliver.alerts.rules import Rule, chain
from orchestration.deliver.alerts.series import LEAST_UNTOLD, AllSeries, Series

HEARD = """
select
    route,
    bool_or(state in ('waiting', 'sending')),
    max(finished_at) filter (where state = 'sent')
from alerts.notifications
where incident_id = %s
group by route
"""


class Desk:
    """Follows the incidents of one evaluation, and writes what is to be said."""

    def __init__(
        self,
        conn: psycopg.Connection,
        book: Rulebook,
        mutes: Muting,
        known: AllSeries,
        now: datetime,
    ) -> None:
        """Take up what is open."""
        self.conn, self.book, self.mutes, self.now = conn, book, mutes, now
        self.known = known
        self.by_id = {
            one.series_id: one for rows in known.values() for one in rows.values()
        }
        self.notices: list[outbox.Notice] = []
        self.joined: list[tuple[int, Series]] = []
        self.left: list[tuple[int, Series]] = []
        self.incidents = incident_store.read_open(conn, self.by_id)

    def open_count(self) -> int:
        """Return how many incidents are open now."""
        return sum(one.state == "open" for one in self.incidents.values())

    def work(self) -> int:
        """Open, follow, close and tell; return how many notices were written."""
        self._open_and_close()
        self._watch_silent_rules()
        for incident in self.incidents.values():
            self._follow(incident)
            if incident.state == "open":
                self._tell_open(incident)
            elif incident.is_told:
                self._tell(incident, "resolved", incident.told_routes)
        incident_store.write(self.conn, self.incidents.values())
        incident_store.write_members(
            self.conn, self.incidents.values(), self.joined, self.left, self.now
        )
        return len(outbox.enqueue(self.conn, self.notices, at=self.now))

    def _open_and_close(self) -> None:
        """Let series join and leave; an incident ends with its last series."""
        for one in self.by_id.values():
            if one.held.is_on and one.incident_id is None:
                self._join(one)
            elif not one.held.is_on and one.incident_id is not None:
                self._leave(one)
        for incident in self.incidents.values():
            if incident.cause == "limit" and not incident.members:
                self._resolve(incident)

    def _join(self, one: Series) -> None:
        rule = self.book.rules.get(one.rule_name)
        if rule is None:
            return
        incident = self._incident(rule, "limit", rule.group_of(one.labels))
        one.put("incident_id", incident.incident_id)
        one.put("acknowledged_by", incident.acknowledged_by)
        incident.members[one.series_id] = Member(one, one.value)
        self.joined.append((incident.incident_id, one))

    def _leave(self, one: Series) -> None:
        incident = self.incidents.get(one.incident_id or 0)
        if incident is not None:
            incident.members.pop(one.series_id, None)
            few = "too few to judge" if one.verdict == "few" else None
            incident.put("resolved_reason", one.reason or few)
            if not incident.members:
                # what it came to is what is told of the end
                incident.put("value", one.value)
                incident.put("sample_count", one.sample_count)
        self.left.append((one.incident_id, one))
        one.put("incident_id", None)
        one.put("acknowledged_by", None)
        one.put("muted_reason", None)

    def _incident(self, rule: Rule, cause: str, labels: dict[str, Any]) -> Incident:
        """Return the open incident of a group, opened now if need be."""
        for incident in self.incidents.values():
            if (
                incident.rule_name == rule.rule_name
                and incident.cause == cause
                and incident.labels == labels
                and incident.state == "open"
            ):
                return incident
        given = {
            "rule": rule.rule_name,
            "cause": cause,
            "labels": Jsonb(labels),
            "severity": rule.severity,
            "now": self.now,
            "limit": rule.fire_limit,
            "version": self.book.versions.get(rule.rule_name, 0),
        }
        number = self.conn.execute(ADD, given).fetchone()[0]
        self.incidents[number] = Incident(
            number,
            rule.rule_name,
            cause,
            labels,
            rule.severity,
            self.now,
            limit_value=rule.fire_limit,
        )
        return self.incidents[number]

    def _resolve(self, incident: Incident) -> None:
        incident.put("state", "resolved")
        incident.put("resolved_at", self.now)

    def _watch_silent_rules(self) -> None:
        """Open and close incidents of rules that cannot be judged."""
        wanted: dict[tuple[str, str], list[Series]] = {}
        for one in self.by_id.values():
            rule = self.book.rules.get(one.rule_name)
            if rule is None or one.held.state not in ("no_data", "error"):
                continue
            if one.held.state == "no_data" and rule.on_no_data != "tell":
                continue
            patience = max(rule.for_seconds, LEAST_UNTOLD)
            if one.held.since and self.now - one.held.since >= timedelta(
                seconds=patience
            ):
                wanted.setdefault((one.rule_name, one.held.state), []).append(one)
        for (name, cause), rows in wanted.items():
            incident = self._incident(self.book.rules[name], cause, {})
            incident.put("resolved_reason", rows[0].reason)
            incident.members = {one.series_id: Member(one, None) for one in rows}
        for incident in self.incidents.values():
            key = incident.rule_name, incident.cause
            if incident.cause != "limit" and key not in wanted:
                incident.members = {}
                incident.put("resolved_reason", None)
                self._resolve(incident)

    def _follow(self, incident: Incident) -> None:
        """Take in what its series are at, and why people are not told of them."""
        rule = self.book.rules.get(incident.rule_name)
        members = list(incident.members.values())
        if rule is None or not members:
            return
        for member in members:
            member.mute = self.mutes.reason(rule, member.series.labels)
            member.series.put("muted_reason", member.mute)
            worse = _worse(rule, member.worst_value, member.series.value)
            member.is_changed = member.series.is_sampled
            member.worst_value = worse
        if incident.cause == "limit":
            self._sum_up(incident, rule, members)
        reasons = [member.mute for member in members]
        reason = reasons[0] if all(reasons) else None
        if reason is None or incident.muted_reason is None:
            incident.put("muted_since", self.now if reason else None)
        incident.put("muted_reason", reason)

    def _sum_up(self, incident: Incident, rule: Rule, members: list[Member]) -> None:
        """Let the worst series speak for all."""
        valued = [member for member in members if member.series.value is not None]
        if not valued or not any(member.series.is_sampled for member in members):
            return
        worst = valued[0]
        for member in valued[1:]:
            if _worse(rule, worst.series.value, member.series.value) != (
                worst.series.value
            ):
                worst = member
        incident.put("value", worst.series.value)
        incident.put("limit_value", rule.fire_limit)
        incident.put("sample_count", worst.series.sample_count)
        incident.put("offenders", worst.series.offenders)
        incident.put(
            "worst_value", _worse(rule, incident.worst_value, worst.series.value)
        )

    def _tell_open(self, incident: Incident) -> None:
        """Say what is to be said of an incident that is open."""
        rule = self.book.rules.get(incident.rule_name)
        if rule is None or incident.muted_reason is not None or not incident.members:
            return
        heard = [member for member in incident.members.values() if not member.mute]
        fresh = [member for member in heard if not member.is_told]
        if not incident.is_told:
            if not any(map(self._is_on, rule.routes)):
                incident.put("muted_reason", "all its routes are off")
                return
            self._tell(incident, "firing", rule.routes, heard)
            incident.put("is_told", True)
            incident.put("told_at", self.now)
            return
        since = (self.now - (incident.last_told_at or self.now)).total_seconds()
        if fresh and incident.cause == "limit" and since >= rule.group_seconds:
            self._tell(incident, "firing", incident.told_routes, heard, fresh)
            return
        if incident.is_acknowledged(self.now):
            return
        if self._escalate(incident, rule, heard):
            return
        if rule.repeat_seconds and since >= rule.repeat_seconds:
            routes = self._routes_to_remind(incident, rule)
            if routes:
                incident.put("repeat_count", incident.repeat_count + 1)
                self._tell(incident, "repeat", routes, heard)

    def _routes_to_remind(self, incident: Incident, rule: Rule) -> list[str]:
        """Return the routes that heard of an incident, and long enough ago.

        While something still waits to reach a route there is nothing to remind it of,
        and what arrived late counts from when it arrived.
        """
        heard = {
            route: (is_owed, last)
            for route, is_owed, last in self.conn.execute(
                HEARD, [incident.incident_id]
            ).fetchall()
        }
        found = []
        for route in incident.told_routes:
            is_owed, last = heard.get(route, (False, None))
            age = (self.now - last).total_seconds() if last else rule.repeat_seconds
            if not is_owed and age >= rule.repeat_seconds:
                found.append(route)
        return found

    def _escalate(self, incident: Incident, rule: Rule, heard: list[Member]) -> bool:
        """Tell who is next, when nobody took it on in time."""
        due: list[str] = []
        for first in rule.routes:
            moment, former = incident.told_at or self.now, first
            for route in chain(self.book.routes, first):
                after = self.book.routes[former].next_after_seconds
                moment, former = moment + timedelta(seconds=after), route
                if moment <= self.now and route not in incident.told_routes:
                    due.append(route)
        due = [route for route in dict.fromkeys(due) if self._is_on(route)]
        if due:
            incident.put("level", incident.level + 1)
            incident.put("escalated_at", self.now)
            self._tell(incident, "escalated", due, heard)
        return bool(due)

    def _is_on(self, route: str) -> bool:
        found = self.book.routes.get(route)
        return found is not None and found.is_enabled

    def _tell(
        self,
        incident: Incident,
        kind: str,
        routes: Iterable[str],
        heard: Iterable[Member] = (),
        fresh: Iterable[Member] = (),
    ) -> None:
        """Write a notice for each route, in the transaction of what it tells."""
        heard = list(heard)
        routes = [route for route in routes if self._is_on(route)]
        rule = self.book.rules.get(incident.rule_name)
        about = Told(
            kind,
            incident,
            rule,
            [member.series for member in heard],
            [member.series for member in fresh],
            self.now,
        )
        body = payload(about, self.book)
        incident.put("notice_count", incident.notice_count + 1)
        for name in routes:
            route = self.book.routes[name]
            self.notices.append(
                outbox.Notice(
                    key=f"{incident.incident_id}:{incident.notice_count}:{kind}:{name}",
                    kind=kind,
                    route=name,
                    sender=route.sender,
                    receiver=route.receiver,
                    language=route.language,
                    incident_id=incident.incident_id,
                    payload=body,
                )
            )
        for member in heard:
            member.is_told = member.is_changed = True
        if kind != "resolved":
            told = [name for name in routes if name not in incident.told_routes]
            incident.put("told_routes", incident.told_routes + told)
            if kind != "escalated":
                incident.put("last_told_at", self.now)


def _worse(rule: Rule, one: float | None, other: float | None) -> float | None:
    """Return the worse of two values."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other) if rule.comparison == "above" else min(one, other)
