"""The tables by which landers remember: event ids, offsets, and themselves."""

import psycopg

from orchestration.raw.schema import LOCK, ensure_raw

EXISTS = "select to_regclass('frontdesk.refused_events')"

TABLES = """
create schema if not exists frontdesk;
create table if not exists frontdesk.events (
    source_name text not null,
    table_name text not null,
    event_id text not null,
    content_hash bytea not null,
    landed_at timestamptz not null default now(),
    primary key (source_name, table_name, event_id)
);
-- rows stand in the order of time: a few pages tell where the old ones end
create index if not exists events_landed_at on frontdesk.events
using brin (landed_at) with (pages_per_range = 32, autosummarize = on);
comment on table frontdesk.events is
'One row per event that has been landed or refused; forgotten after some days.';

create table if not exists frontdesk.stream_offsets (
    group_name text not null,
    topic text not null,
    partition_number integer not null,
    next_offset bigint not null,
    changed_at timestamptz not null default now(),
    primary key (group_name, topic, partition_number)
);
comment on table frontdesk.stream_offsets is
'One row per partition of a Kafka topic: where the next lander goes on.';

create table if not exists frontdesk.listeners (
    listener_id text primary key,
    ways text not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    stopped_at timestamptz,
    landed_count bigint not null default 0,
    repeated_count bigint not null default 0,
    unreadable_count bigint not null default 0,
    refused_count bigint not null default 0,
    rate_per_second double precision,
    lag_p50_seconds double precision,
    lag_p95_seconds double precision,
    waiting_count bigint not null default 0,
    behind_count bigint,
    problem text
);
comment on table frontdesk.listeners is
'One row per process that lands streams, as it last said how it was doing.';

create table if not exists frontdesk.refused_events (
    refused_id bigint generated always as identity primary key,
    refused_at timestamptz not null default now(),
    way text not null,
    subject text not null,
    content_hash bytea not null,
    reason text not null,
    raw_text text,
    unique (way, subject, content_hash)
);
comment on table frontdesk.refused_events is
'One row per message of a broker that names no source or table of ours.';
"""


def ensure_landing(connection: psycopg.Connection) -> None:
    """Make the raw tables and those of the landers where they are missing."""
    ensure_raw(connection)
    with connection.transaction():
        if connection.execute(EXISTS).fetchone() != (None,):
            return
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute(TABLES)
