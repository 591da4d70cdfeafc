"""What was delivered and what was not: the ledger, as people ask for it."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from orchestration.deliver.alerts.leases import Answer
from orchestration.deliver.alerts.outbox import Notice, enqueue
from orchestration.deliver.alerts.senders import SENDERS
from orchestration.deliver.alerts.senders.base import secrets_of
from orchestration.settings import UserError

ROUTES = "select route, sender, receiver, language from alerts.routes"
TEST_KEY = "select 'test ' || %s || ' ' || gen_random_uuid()"
LAST_ATTEMPT = """
select outcome, provider_text, provider_code, http_status, seconds::float8
from alerts.deliveries
where notification_id = %s
order by attempt desc
limit 1
"""

ENTRIES = """
select
    deliveries.started_at,
    notices.incident_id,
    notices.kind,
    coalesce(notices.payload ->> 'rule', '') as rule,
    deliveries.route,
    deliveries.sender,
    deliveries.attempt,
    deliveries.outcome,
    deliveries.http_status,
    deliveries.provider_code,
    deliveries.provider_text,
    deliveries.seconds::float8
from alerts.deliveries as deliveries
inner join alerts.notifications as notices
    on deliveries.notification_id = notices.notification_id
where
    (%(route)s::text is null or deliveries.route = %(route)s)
    and (
        not %(only_failed)s
        or deliveries.outcome in ('passing', 'permanent', 'unknown')
    )
order by deliveries.delivery_id desc
limit %(count)s
"""

SUMMARY = """
select
    notices.route,
    count(*) filter (where notices.state in ('waiting', 'sending')) as waiting_count,
    min(notices.created_at) filter (where notices.state in ('waiting', 'sending'))
        as waiting_since,
    count(*) filter (where notices.state = 'sent') as sent_count,
    count(*) filter (where notices.state = 'failed') as failed_count,
    max(paces.last_delivered_at) as last_delivered_at,
    coalesce(max(paces.failure_count), 0)::integer as failure_count,
    max(paces.last_answer) as last_answer
from alerts.notifications as notices
left join alerts.paces as paces
    on notices.route = paces.route
where
    notices.created_at > now() - interval '1 day'
    or notices.state in ('waiting', 'sending')
group by notices.route
order by notices.route
"""


@dataclass(frozen=True)
class Entry:
    """One attempt to tell somebody."""

    started_at: datetime
    incident_id: int | None
    kind: str
    rule: str
    route: str
    sender: str
    attempt: int
    outcome: str
    http_status: int | None
    provider_code: str | None
    provider_text: str | None
    seconds: float | None


@dataclass(frozen=True)
class RouteState:
    """How telling over one route went in the last day."""

    route: str
    waiting_count: int
    waiting_since: datetime | None
    sent_count: int
    failed_count: int
    last_delivered_at: datetime | None
    failure_count: int
    last_answer: str | None


def entries(
    conn: psycopg.Connection,
    route: str | None = None,
    only_failed: bool = False,
    count: int = 20,
) -> list[Entry]:
    """Return the latest attempts, newest first."""
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        given = {"route": route, "only_failed": only_failed, "count": count}
        return cursor.execute(ENTRIES, given).fetchall()


def route_states(conn: psycopg.Connection) -> list[RouteState]:
    """Return how each route did in the last day."""
    with conn.cursor(row_factory=class_row(RouteState)) as cursor:
        return cursor.execute(SUMMARY).fetchall()


def status_lines(conn: psycopg.Connection) -> list[str]:
    """Return what `frontdesk status` says of deliveries, a line for each route."""
    if not conn.execute("select to_regclass('alerts.paces')").fetchone()[0]:
        return []
    lines = []
    for state in route_states(conn):
        line = f"{state.route}: {state.sent_count} sent, {state.waiting_count} waiting"
        if state.failed_count:
            line += f", {state.failed_count} failed (`frontdesk alerts retry`)"
        if state.failure_count:
            line += f"; {state.failure_count} failures on end: {state.last_answer}"
        lines.append(line)
    return lines


def problem(route: str, sender: str, receiver: str = "") -> str | None:
    """Return why a route cannot be used, or None; sends nothing."""
    if sender not in SENDERS:
        known = ", ".join(SENDERS)
        return f"route {route}: no way of telling {sender}: one of {known}"
    if sender == "email" and "@" not in receiver:
        return f"route {route}: receiver {receiver or '(empty)'}: give an address"
    try:
        secrets_of(route)
    except UserError as error:
        return str(error)
    return None


def put_test(conn: psycopg.Connection, route: str) -> int:
    """Put a test of a route into the outbox; return its number."""
    known = {row[0]: row for row in conn.execute(ROUTES)}
    if route not in known:
        names = ", ".join(sorted(known)) or "none; `frontdesk build` lands the list"
        raise UserError(f"no route {route}: {names}")
    _, sender, receiver, language = known[route]
    if why := problem(route, sender, receiver):
        raise UserError(why)
    key = conn.execute(TEST_KEY, [route]).fetchone()[0]
    title = {"en": f"route {route}", "zh": f"通知路由 {route}"}
    payload = {"rule": "test", "severity": "info", "title": title}
    notice = Notice(
        key=key,
        kind="test",
        route=route,
        sender=sender,
        receiver=receiver,
        language=language,
        payload=payload,
    )
    return enqueue(conn, [notice])[0]


def last_answer(conn: psycopg.Connection, notification_id: int) -> Answer | None:
    """Return what the last attempt of a notice came to, None when none has ended."""
    row = conn.execute(LAST_ATTEMPT, [notification_id]).fetchone()
    if row is None or row[0] == "started":
        return None
    outcome, text, code, status, seconds = row
    return Answer(outcome, text or "", code, status, seconds or 0.0)
