"""The tables of the alert engine, made where they are missing."""

import psycopg

from orchestration.deliver.alerts.outbox import ensure_outbox

LOCK = "frontdesk alerts engine"
LEADER = "select pg_try_advisory_lock(hashtextextended('frontdesk alerts leader', 0))"
"""One engine evaluates; the lock ends with its connection."""
CHANGED = "frontdesk_alert_rules"
"""Whoever changes rules or silences notifies it; the engine listens."""

TABLES = """
create schema if not exists alerts;
create table if not exists alerts.rules (
    rule_name text primary key,
    version integer not null,
    title_en text not null,
    title_zh text not null,
    kind text not null,
    measure text not null,
    unit text not null,
    comparison text not null,
    fire_limit numeric not null,
    clear_limit numeric not null,
    minimum_sample bigint not null,
    severity text not null,
    owner text not null,
    routes text[] not null,
    runbook text not null,
    is_enabled boolean not null,
    definition jsonb not null,
    is_changed_by_command boolean not null default false,
    changed_at timestamptz not null
);
create table if not exists alerts.rule_versions (
    rule_name text not null,
    version integer not null,
    definition jsonb not null,
    valid_from timestamptz not null,
    primary key (rule_name, version)
);
create table if not exists alerts.rule_changes (
    change_id bigint generated always as identity primary key,
    rule_name text not null,
    changes jsonb not null,
    is_reset boolean not null default false,
    author text not null,
    reason text not null,
    changed_at timestamptz not null default now()
);
create table if not exists alerts.refusals (
    what text primary key,
    reason text not null,
    refused_at timestamptz not null
);
create table if not exists alerts.routes (
    route text primary key,
    title text not null,
    sender text not null,
    receiver text not null,
    language text not null,
    next_route text not null,
    next_after_seconds integer not null,
    is_enabled boolean not null
);
create table if not exists alerts.calendars (
    calendar text not null,
    place integer not null,
    definition jsonb not null,
    primary key (calendar, place)
);
create table if not exists alerts.series (
    series_id bigint generated always as identity primary key,
    rule_name text not null,
    labels jsonb not null,
    state text not null default 'normal' check (
        state in ('normal', 'pending', 'firing', 'recovering', 'no_data', 'error')
    ),
    since timestamptz not null,
    -- what a series without data goes back to
    base_state text not null default 'normal' check (
        base_state in ('normal', 'pending', 'firing', 'recovering')
    ),
    base_since timestamptz not null,
    verdict text not null,
    reason text,
    value double precision,
    limit_value double precision not null,
    sample_count bigint not null default 0,
    offenders jsonb,
    incident_id bigint,
    acknowledged_by text,
    muted_reason text,
    seen_at timestamptz not null,
    unique (rule_name, labels)
) with (fillfactor = 70);
create index if not exists series_not_normal on alerts.series (state)
    where state <> 'normal';
create table if not exists alerts.samples (
    series_id bigint not null,
    seen_at timestamptz not null,
    verdict text not null,
    state text not null,
    value double precision,
    sample_count bigint not null,
    reason text,
    rule_version integer not null
);
create index if not exists samples_of_series on alerts.samples (series_id, seen_at);
create index if not exists samples_old on alerts.samples using brin (seen_at);
create table if not exists alerts.evaluations (
    evaluation_id bigint generated always as identity primary key,
    began_at timestamptz not null,
    last_at timestamptz not null,
    evaluation_count bigint not null default 1,
    engine text not null
);
create index if not exists evaluations_last on alerts.evaluations (last_at);
create table if not exists alerts.incidents (
    incident_id bigint generated always as identity primary key,
    rule_name text not null,
    cause text not null default 'limit' check (cause in ('limit', 'no_data', 'error')),
    labels jsonb not null,
    severity text not null,
    state text not null default 'open' check (state in ('open', 'resolved')),
    opened_at timestamptz not null,
    resolved_at timestamptz,
    resolved_reason text,
    value double precision,
    worst_value double precision,
    limit_value double precision not null,
    sample_count bigint not null default 0,
    offenders jsonb,
    is_told boolean not null default false,
    told_at timestamptz,
    last_told_at timestamptz,
    repeat_count integer not null default 0,
    notice_count integer not null default 0,
    told_routes text[] not null default '{}',
    escalated_at timestamptz,
    level integer not null default 0,
    muted_reason text,
    muted_since timestamptz,
    acknowledged_by text,
    acknowledged_reason text,
    acknowledged_at timestamptz,
    acknowledged_until timestamptz,
    rule_version integer not null
);
create unique index if not exists incidents_open
    on alerts.incidents (rule_name, cause, labels) where state = 'open';
create index if not exists incidents_opened on alerts.incidents (opened_at);
create table if not exists alerts.incident_series (
    incident_id bigint not null references alerts.incidents on delete cascade,
    series_id bigint not null,
    labels jsonb not null,
    joined_at timestamptz not null,
    left_at timestamptz,
    value double precision,
    worst_value double precision,
    sample_count bigint not null default 0,
    is_told boolean not null default false,
    primary key (incident_id, series_id)
);
create index if not exists incident_series_of on alerts.incident_series (series_id);
create table if not exists alerts.silences (
    silence_id bigint generated always as identity primary key,
    rule_name text,
    labels jsonb not null default '{}',
    author text not null,
    reason text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    ended_at timestamptz,
    ended_by text
);
create index if not exists silences_ends on alerts.silences (ends_at);
comment on schema alerts is 'What the alert engine watches, knows, and has said.';
comment on table alerts.rules is
    'One row per rule in force: the list of the project and what commands changed.';
comment on table alerts.rule_versions is
    'One row per rule and version: what it said from when on.';
comment on table alerts.rule_changes is
    'One row per change by command: who changed what of a rule, and why.';
comment on table alerts.refusals is
    'One row per rule, route or calendar that cannot be followed, and why.';
comment on table alerts.routes is 'One row per route: who is told, and who is next.';
comment on table alerts.calendars is
    'One row per window of a calendar in which nobody is told.';
comment on table alerts.series is
    'One row per rule and labels: its state, since when, and what was last seen.';
comment on table alerts.samples is
    'One row per change of what was seen of a series; while its state stays at most '
    'one in five seconds, or in thirty when nothing is wrong. What was seen last holds '
    'until the next row.';
comment on table alerts.evaluations is
    'One row per span in which an engine looked without a gap.';
comment on table alerts.incidents is
    'One row per incident: series of a rule that agree on its group labels, from the '
    'first that fires to the last that is over.';
comment on table alerts.incident_series is 'One row per incident and series in it.';
comment on table alerts.silences is
    'One row per silence: who asked for it, why, and until when.';
"""


def ensure_alerts(conn: psycopg.Connection) -> None:
    """Make the tables of the engine and the outbox; safe to run at once."""
    ensure_outbox(conn)
    with conn.transaction():
        if conn.execute("select to_regclass('alerts.silences')").fetchone()[0]:
            return
        conn.execute("select pg_advisory_xact_lock(hashtext(%s))", [LOCK])
        conn.execute(TABLES)


def is_ready(conn: psycopg.Connection) -> bool:
    """Say whether the tables are there, without making them."""
    found = conn.execute("select to_regclass('alerts.silences')").fetchone()
    return found[0] is not None
