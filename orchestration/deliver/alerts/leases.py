"""Taking notices out of the outbox, one worker at a time each, and saying what came.

A worker leases a notice, sends it, and finishes it. A lease that runs out gives the
notice back, so that a killed worker loses nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from orchestration.deliver.alerts.needless import drop_needless

CHANNEL = "frontdesk_alerts"
"""Whoever enqueues notifies it; deliverers listen."""

LEASE_SECONDS = 60
LONGEST_TEXT = 2000
OUTAGE = 3
"""So many failures on end are an outage of the route, not a fault of one notice."""


@dataclass(frozen=True)
class Pace:
    """How many messages a receiver takes in a span, and how many at once."""

    count: int
    seconds: float
    burst: int = 1

    @property
    def share(self) -> timedelta:
        """What one message takes of the span.

        The burst comes on top of what the span gives back, so it is taken off first:
        no span of that length ever holds more than `count`.
        """
        return timedelta(seconds=self.seconds / max(self.count - self.burst, 1))

    @property
    def tolerance(self) -> timedelta:
        """How far ahead of its allowance a route may run."""
        return self.share * (self.burst - 1)


@dataclass(frozen=True)
class Lease:
    """One notice that is ours to send until the lease ends."""

    notification_id: int
    message_id: UUID
    incident_id: int | None
    kind: str
    route: str
    sender: str
    receiver: str
    language: str
    payload: dict[str, Any]
    created_at: datetime
    keep_until: datetime
    attempts: int
    leased_by: str
    leased_until: datetime


CANDIDATE = """
select notices.notification_id, notices.route, notices.sender
from alerts.notifications as notices
left join alerts.paces as paces
    on notices.route = paces.route
where
    (
        (notices.state = 'waiting' and notices.not_before <= %(now)s)
        or (notices.state = 'sending' and notices.leased_until <= %(now)s)
    )
    and notices.route <> all(%(resting)s)
    and (%(only)s::bigint is null or notices.notification_id = %(only)s)
    and (paces.route is null or paces.paused_until <= %(now)s)
    and not exists (
        select 1
        from alerts.notifications as earlier
        where
            earlier.incident_id = notices.incident_id
            and earlier.route = notices.route
            and earlier.receiver = notices.receiver
            and earlier.notification_id < notices.notification_id
            and earlier.state in ('waiting', 'sending')
    )
    and (
        notices.kind <> 'resolved'
        or notices.incident_id is null
        or exists (
            select 1
            from alerts.notifications as told
            where
                told.incident_id = notices.incident_id
                and told.route = notices.route
                and told.receiver = notices.receiver
                and told.state = 'sent'
        )
    )
-- one that its receiver cannot digest must not stand before all others for ever
order by notices.rank, notices.attempts, notices.notification_id
limit 1
for update of notices skip locked
"""

TAKE_SHARE = """
insert into alerts.paces as paces (route, allowance_at)
values (%(route)s, %(now)s::timestamptz + %(share)s)
on conflict (route) do update
set allowance_at = greatest(paces.allowance_at, %(now)s::timestamptz) + %(share)s
where
    paces.allowance_at <= %(now)s::timestamptz + %(tolerance)s
    and paces.paused_until <= %(now)s
returning 1
"""

TAKE = """
with taken as (
    update alerts.notifications
    set
        state = 'sending',
        attempts = attempts + 1,
        leased_by = %(worker)s,
        leased_until = %(now)s::timestamptz + %(lease)s
    where notification_id = %(id)s
    returning *
),
-- a lease that ran out leaves an attempt of which nobody knows the end
abandoned as (
    update alerts.deliveries
    set outcome = 'unknown', provider_text = 'its deliverer ended without an answer'
    where notification_id = %(id)s and outcome = 'started'
),
begun as (
    insert into alerts.deliveries (
        notification_id, attempt, route, sender, deliverer, started_at
    )
    select notification_id, attempts, route, sender, leased_by, %(now)s
    from taken
)
select
    notification_id, message_id, incident_id, kind, route, sender, receiver, language,
    payload, created_at, keep_until, attempts, leased_by, leased_until
from taken
"""


def lease(
    conn: psycopg.Connection,
    worker: str,
    *,
    paces: Mapping[str, Pace] | None = None,
    resting: Collection[str] = (),
    only: int | None = None,
    at: datetime | None = None,
    seconds: float = LEASE_SECONDS,
) -> Lease | None:
    """Take the most urgent notice that may be sent now, or None.

    `paces` says how fast each kind of sender may go; `resting` names routes to leave
    alone, `only` the one notice to take. A notice whose lease ran out is anybody's
    again.
    """
    resting = list(resting)
    with conn.transaction():
        now = at or conn.execute("select clock_timestamp()").fetchone()[0]
        drop_needless(conn, now)
        while True:
            wanted = {"now": now, "resting": resting, "only": only}
            found = conn.execute(CANDIDATE, wanted).fetchone()
            if found is None:
                return None
            number, route, sender = found
            pace = (paces or {}).get(sender)
            if pace is None or _may_go(conn, route, pace, now):
                break
            resting.append(route)
        with conn.cursor(row_factory=class_row(Lease)) as cursor:
            cursor.execute(
                TAKE,
                {
                    "id": number,
                    "worker": worker,
                    "now": now,
                    "lease": timedelta(seconds=seconds),
                },
            )
            return cursor.fetchone()


def _may_go(conn: psycopg.Connection, route: str, pace: Pace, now: datetime) -> bool:
    """Take one share of a route's allowance, unless it is used up."""
    given = {
        "route": route,
        "now": now,
        "share": pace.share,
        "tolerance": pace.tolerance,
    }
    return conn.execute(TAKE_SHARE, given).fetchone() is not None


@dataclass(frozen=True)
class Answer:
    """What became of one attempt, in the receiver's own words.

    `outcome` is delivered, passing (try again) or permanent (never will). `wait` is
    how long the receiver asked to be left alone.
    """

    outcome: str
    text: str = ""
    code: str | None = None
    http_status: int | None = None
    seconds: float = 0.0
    wait: float | None = None

    @property
    def is_delivered(self) -> bool:
        """Say whether the receiver took it."""
        return self.outcome == "delivered"


RECORD = """
update alerts.deliveries
set
    outcome = %(outcome)s,
    is_delivered = %(is_delivered)s,
    http_status = %(http_status)s,
    provider_code = %(code)s,
    provider_text = %(text)s,
    seconds = %(seconds)s,
    next_try_at = %(next_try)s
where notification_id = %(id)s and attempt = %(attempt)s
"""

FINISH = """
update alerts.notifications
set
    state = %(state)s,
    state_reason = %(text)s,
    not_before = coalesce(%(next_try)s::timestamptz, not_before),
    leased_by = null,
    leased_until = null,
    finished_at = case when %(state)s <> 'waiting' then %(now)s::timestamptz end
where
    notification_id = %(id)s
    -- a lease that ran out is no longer ours to end, but what arrived has arrived
    and (
        (state = 'sending' and leased_by = %(worker)s and attempts = %(attempt)s)
        or (%(is_delivered)s and state in ('waiting', 'sending', 'failed'))
    )
returning 1
"""

REST = """
insert into alerts.paces as paces (
    route, paused_until, failure_count, last_answer, last_delivered_at
)
values (
    %(route)s,
    coalesce(%(paused_until)s::timestamptz, '-infinity'),
    case when %(outcome)s = 'passing' then 1 else 0 end,
    %(text)s,
    case when %(is_delivered)s then %(now)s::timestamptz end
)
on conflict (route) do update
set
    -- an answer to an earlier request does not end a pause
    paused_until = greatest(paces.paused_until, excluded.paused_until),
    failure_count = case
        when %(outcome)s = 'passing' then paces.failure_count + 1 else 0
    end,
    last_answer = excluded.last_answer,
    last_delivered_at = coalesce(excluded.last_delivered_at, paces.last_delivered_at)
"""

FAILURES = "select failure_count from alerts.paces where route = %(route)s for update"

WAKE = """
update alerts.notifications
set not_before = %(now)s
where
    notification_id in (
        select notification_id
        from alerts.notifications
        where
            route = %(route)s
            and state = 'waiting'
            and attempts > 0
            and not_before > %(now)s
        for update skip locked
    )
"""
"""What waits for its next attempt need not, once the receiver is back."""

STATE_AFTER = {"delivered": "sent", "passing": "waiting", "permanent": "failed"}


def finish(
    conn: psycopg.Connection,
    held: Lease,
    answer: Answer,
    *,
    retry_in: float = 0,
    pause: float = 0,
    at: datetime | None = None,
) -> bool:
    """Write down what an attempt came to; say whether the lease was still ours.

    After a passing failure the notice waits `retry_in` seconds, and its whole route
    rests for `pause` seconds.
    """
    is_passing = answer.outcome == "passing"
    with conn.transaction():
        now = at or conn.execute("select clock_timestamp()").fetchone()[0]
        given = {
            "id": held.notification_id,
            "attempt": held.attempts,
            "worker": held.leased_by,
            "route": held.route,
            "outcome": answer.outcome,
            "state": STATE_AFTER[answer.outcome],
            "is_delivered": answer.is_delivered,
            "http_status": answer.http_status,
            "code": answer.code,
            "text": answer.text[:LONGEST_TEXT],
            "seconds": answer.seconds,
            "next_try": now + timedelta(seconds=retry_in) if is_passing else None,
            "paused_until": now + timedelta(seconds=pause) if is_passing else None,
            "now": now,
        }
        conn.execute(RECORD, given)
        is_ours = conn.execute(FINISH, given).fetchone() is not None
        failures = conn.execute(FAILURES, given).fetchone()
        conn.execute(REST, given)
        if answer.is_delivered and failures and failures[0] >= OUTAGE:
            conn.execute(WAKE, given)
        if is_ours and not is_passing:
            # what follows in its thread may leave now
            conn.execute("select pg_notify(%s, '')", [CHANNEL])
        return is_ours
