"""What people shall be told, and what came of telling them.

`alerts.notifications` is the outbox: whoever changes a state calls `enqueue` in the
same transaction, so that a state never changes unsaid and nothing is said of a change
that was rolled back. Deliverers call `lease`, send, and call `finish`; any number of
them may work at once. `alerts.deliveries` holds every attempt and its answer.

The notices of one incident to one receiver of one route are a thread: they leave in
their order, one at a time.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb

from orchestration.deliver.alerts.leases import (
    CHANNEL,
    LEASE_SECONDS,
    Answer,
    Lease,
    Pace,
    finish,
    lease,
)

KINDS = ("firing", "repeat", "escalated", "resolved", "test")
STATES = ("waiting", "sending", "sent", "failed", "dropped")
__all__ = [
    "CHANNEL",
    "KINDS",
    "LEASE_SECONDS",
    "STATES",
    "Answer",
    "Lease",
    "Notice",
    "Pace",
    "drop_waiting",
    "enqueue",
    "ensure_outbox",
    "finish",
    "lease",
    "prune",
    "requeue",
]

RANKS = {"critical": 0, "warning": 1, "info": 2}

KEEP_TRYING = timedelta(hours=24)
"""How long a receiver may be away before its notices are given up as failed."""

SCHEMA = """
create schema if not exists alerts;
create table if not exists alerts.notifications (
    notification_id bigint generated always as identity primary key,
    -- the same in every attempt: receivers that can tell seconds apart do so by it
    message_id uuid not null unique default gen_random_uuid(),
    -- the same notice is never put in twice
    notification_key text not null unique,
    incident_id bigint,
    kind text not null
        check (kind in ('firing', 'repeat', 'escalated', 'resolved', 'test')),
    route text not null,
    sender text not null,
    receiver text not null default '',
    language text not null default 'en',
    payload jsonb not null,
    rank smallint not null default 1,
    created_at timestamptz not null default now(),
    not_before timestamptz not null default now(),
    keep_until timestamptz not null,
    attempts integer not null default 0,
    state text not null default 'waiting'
        check (state in ('waiting', 'sending', 'sent', 'failed', 'dropped')),
    state_reason text,
    leased_by text,
    leased_until timestamptz,
    finished_at timestamptz
);
create index if not exists notifications_open on alerts.notifications
    (rank, notification_id) where state in ('waiting', 'sending');
create index if not exists notifications_thread on alerts.notifications
    (incident_id, route, receiver, notification_id);
create index if not exists notifications_recent on alerts.notifications (created_at);
create table if not exists alerts.deliveries (
    delivery_id bigint generated always as identity primary key,
    notification_id bigint not null
        references alerts.notifications (notification_id) on delete cascade,
    attempt integer not null,
    route text not null,
    sender text not null,
    deliverer text not null,
    outcome text not null default 'started' check (
        outcome in ('started', 'delivered', 'passing', 'permanent', 'unknown')
    ),
    is_delivered boolean not null default false,
    http_status integer,
    provider_code text,
    provider_text text,
    seconds numeric(10, 3),
    started_at timestamptz not null default now(),
    next_try_at timestamptz,
    unique (notification_id, attempt)
);
create index if not exists deliveries_recent on alerts.deliveries (started_at);
create table if not exists alerts.paces (
    route text primary key,
    -- when the route's allowance would be whole again; grows by one share a message
    allowance_at timestamptz not null default '-infinity',
    paused_until timestamptz not null default '-infinity',
    failure_count integer not null default 0,
    last_answer text,
    last_delivered_at timestamptz
);
comment on table alerts.notifications is
    'One row per notice to one receiver: the outbox of alerts.';
comment on table alerts.deliveries is
    'One row per attempt to deliver a notice, with the receiver''s own answer.';
comment on table alerts.paces is
    'One row per route: how fast it may be told, and whether it rests after failures.';
"""

LOCK = "frontdesk alerts outbox"


def ensure_outbox(conn: psycopg.Connection) -> None:
    """Make the tables of the outbox where they are missing; safe to run at once."""
    with conn.transaction():
        if conn.execute("select to_regclass('alerts.paces')").fetchone()[0]:
            return
        conn.execute("select pg_advisory_xact_lock(hashtext(%s))", [LOCK])
        conn.execute(SCHEMA)


@dataclass(frozen=True)
class Notice:
    """One thing to tell one receiver; see `templates.py` for what a payload may hold.

    `key` names the notice for ever: putting it in again does nothing. `sender` is the
    kind of receiver (slack, email, ...), `route` the name its secrets go by, and
    `receiver` whom in it: the address of a mail, or the member of a chat to call.
    """

    key: str
    kind: str
    route: str
    sender: str
    payload: Mapping[str, Any]
    incident_id: int | None = None
    receiver: str = ""
    language: str = "en"
    not_before: datetime | None = None
    keep_trying: timedelta = KEEP_TRYING


ENQUEUE = """
insert into alerts.notifications (
    notification_key, kind, route, sender, payload, incident_id, receiver, language,
    rank, created_at, not_before, keep_until
)
select
    given.key,
    given.kind,
    given.route,
    given.sender,
    given.payload,
    given.incident_id,
    given.receiver,
    given.language,
    given.rank,
    coalesce(%(at)s, now()),
    coalesce(given.not_before, %(at)s, now()),
    coalesce(given.not_before, %(at)s, now()) + given.keep_seconds * interval '1 second'
from jsonb_to_recordset(%(notices)s) as given (
    key text, kind text, route text, sender text, payload jsonb, incident_id bigint,
    receiver text, language text, rank smallint, not_before timestamptz,
    keep_seconds float8, place bigint
)
order by given.place
on conflict (notification_key) do nothing
returning notification_id
"""


def enqueue(
    conn: psycopg.Connection, notices: Iterable[Notice], *, at: datetime | None = None
) -> list[int]:
    """Put notices into the outbox in the caller's transaction; return the new ids.

    `at` is the moment that counts as now; without it the transaction's own. A notice
    by e-mail to several people becomes one to each, so that the refusal of one address
    neither hides nor repeats what the others got.
    """
    given = [
        {
            "place": place,
            "key": notice.key,
            "kind": notice.kind,
            "route": notice.route,
            "sender": notice.sender,
            "payload": dict(notice.payload),
            "incident_id": notice.incident_id,
            "receiver": notice.receiver,
            "language": notice.language,
            "rank": RANKS.get(str(notice.payload.get("severity")), 1),
            "not_before": notice.not_before and notice.not_before.isoformat(),
            "keep_seconds": notice.keep_trying.total_seconds(),
        }
        for place, notice in enumerate(_to_one_each(notices))
    ]
    if not given:
        return []
    wanted = {"notices": Jsonb(given, _written), "at": at}
    rows = conn.execute(ENQUEUE, wanted).fetchall()
    if rows:
        conn.execute("select pg_notify(%s, '')", [CHANNEL])
    return [row[0] for row in rows]


def _written(notices: object) -> bytes:
    """Return JSON, numbers of the database as plain ones."""
    return orjson.dumps(notices, default=float)


def _to_one_each(notices: Iterable[Notice]) -> Iterator[Notice]:
    """Yield notices, those of mail to one person each."""
    for notice in notices:
        people = [name.strip() for name in notice.receiver.split(",") if name.strip()]
        if notice.sender != "email" or len(people) < 2:
            yield notice
            continue
        for person in dict.fromkeys(people):
            yield replace(notice, receiver=person, key=f"{notice.key} {person}")


def drop_waiting(
    conn: psycopg.Connection,
    incident_id: int,
    reason: str,
    kinds: Collection[str] = KINDS,
) -> int:
    """Take what still waits of an incident out of the outbox; return how many."""
    return conn.execute(
        "update alerts.notifications"
        " set state = 'dropped', state_reason = %s, finished_at = now()"
        " where incident_id = %s and state = 'waiting' and kind = any(%s)",
        [reason, incident_id, list(kinds)],
    ).rowcount


def prune(conn: psycopg.Connection, days: int = 90) -> int:
    """Forget notices that ended long ago, and their attempts; return how many."""
    return conn.execute(
        "delete from alerts.notifications where state in ('sent', 'failed', 'dropped')"
        " and created_at < now() - %s * interval '1 day'",
        [days],
    ).rowcount


def requeue(conn: psycopg.Connection, route: str | None = None) -> int:
    """Give what failed, of one route or all, another day; return how many."""
    count = conn.execute(
        "update alerts.notifications set state = 'waiting', state_reason = null,"
        " finished_at = null, not_before = now(), keep_until = now() + %s"
        " where state = 'failed' and (%s::text is null or route = %s)",
        [KEEP_TRYING, route, route],
    ).rowcount
    conn.execute("select pg_notify(%s, '')", [CHANNEL])
    return count
