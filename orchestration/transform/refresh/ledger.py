"""What every refresh did, in `frontdesk.refreshes`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

SCHEMA = """
select pg_advisory_xact_lock(hashtextextended('frontdesk refreshes', 0));
create schema if not exists frontdesk;
create table if not exists frontdesk.refreshes (
    refresh_id bigint generated always as identity primary key,
    lane text not null check (lane in ('minute', 'slow')),
    run_id text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    succeeded boolean,
    read_snapshot pg_snapshot not null,
    sources text[] not null default '{}',
    row_count bigint not null default 0,
    oldest_row_at timestamptz,
    lag_seconds numeric(12, 3),
    model_count bigint not null default 0,
    changed_model_count bigint not null default 0,
    written_row_count bigint not null default 0,
    seconds jsonb not null default '{}',
    dearest jsonb not null default '{}',
    failed jsonb not null default '[]'
);
create index if not exists refreshes_started on frontdesk.refreshes (started_at);
comment on table frontdesk.refreshes is
    'One row per refresh: its lane, what woke it, how long each part took, and how '
    'long after it landed the oldest new raw row stood in the marts (lag_seconds).';
"""
READY = "select to_regclass('frontdesk.refreshes') is not null"
KEPT = "30 days"

KILLED = """
update frontdesk.refreshes
set
    ended_at = clock_timestamp(),
    succeeded = false,
    failed = '[{"name": "dbt", "message": "its process was killed"}]'
where ended_at is null
"""
BEGIN = """
insert into frontdesk.refreshes (
    lane, run_id, started_at, read_snapshot, sources, row_count, oldest_row_at
)
values (
    %(lane)s, %(run_id)s, %(started_at)s, %(read_snapshot)s, %(sources)s, %(row_count)s,
    %(oldest_row_at)s
)
returning refresh_id
"""
END = """
update frontdesk.refreshes
set
    ended_at = clock_timestamp(),
    succeeded = %(succeeded)s,
    lag_seconds = extract(epoch from clock_timestamp() - oldest_row_at),
    model_count = %(model_count)s,
    changed_model_count = %(changed_model_count)s,
    written_row_count = %(written_row_count)s,
    seconds = %(seconds)s,
    dearest = %(dearest)s,
    failed = %(failed)s
where refresh_id = %(refresh_id)s
"""


@dataclass
class Entry:
    """One refresh, from its begin to its end."""

    lane: str
    run_id: str
    started_at: datetime
    read_snapshot: str
    sources: list[str] = field(default_factory=list)
    row_count: int = 0
    oldest_row_at: datetime | None = None
    refresh_id: int | None = None
    succeeded: bool | None = None
    model_count: int = 0
    changed_model_count: int = 0
    written_row_count: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """How long it waited, prepared, ran dbt; and of models, added up by room."""
    dearest: dict[str, float] = field(default_factory=dict)
    """Seconds of the models that took longest."""
    failed: list[dict[str, Any]] = field(default_factory=list)


def ensure_refreshes(connection: psycopg.Connection) -> None:
    """Make the ledger where it is missing; safe to run twice at once."""
    with connection.transaction():
        if not connection.execute(READY).fetchone()[0]:
            connection.execute(SCHEMA)


def begin(connection: psycopg.Connection, entry: Entry) -> None:
    """Note that a refresh has begun; who calls holds the build lock.

    So one that has not ended was killed.
    """
    connection.execute(KILLED)
    entry.refresh_id = connection.execute(BEGIN, vars(entry)).fetchone()[0]


def end(connection: psycopg.Connection, entry: Entry) -> None:
    """Note how a refresh went."""
    values = {
        **vars(entry),
        "seconds": Jsonb(entry.seconds),
        "dearest": Jsonb(entry.dearest),
        "failed": Jsonb(entry.failed),
    }
    connection.execute(END, values)


def forget(connection: psycopg.Connection) -> None:
    """Forget refreshes that nobody asks about any more."""
    connection.execute(
        "delete from frontdesk.refreshes where started_at < now() - %s::interval",
        [KEPT],
    )


def last_read(connection: psycopg.Connection) -> str | None:
    """Return the snapshot that the last refresh by the minute read, if any did."""
    row = connection.execute(
        "select read_snapshot::text from frontdesk.refreshes"
        " where lane = 'minute' and succeeded order by refresh_id desc limit 1"
    ).fetchone()
    return row[0] if row else None


def seconds_since(connection: psycopg.Connection, lane: str) -> float | None:
    """Return how long ago the last refresh of a lane began, if one did."""
    row = connection.execute(
        "select extract(epoch from now() - max(started_at))::float8"
        " from frontdesk.refreshes where lane = %s",
        [lane],
    ).fetchone()
    return row[0]


def names_of(failed: Iterable[dict[str, Any]]) -> str:
    """Return the names of what failed, in one line."""
    return ", ".join(entry["name"] for entry in failed)
