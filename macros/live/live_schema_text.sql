{# what the seconds path keeps #}
{% macro live_schema_text() %}
    {% set schema = live_schema() %}
    create schema if not exists {{ schema }};

    create table if not exists {{ schema }}.settings (
        is_only boolean primary key default true check (is_only),
        days_kept integer not null,
        kept_from timestamptz,
        filled_at timestamptz
    );
    insert into {{ schema }}.settings (days_kept) values ({{ var('live_days', 7) }})
    on conflict (is_only) do update set days_kept = excluded.days_kept;
    comment on table {{ schema }}.settings is
        'One row: how many days are kept, from which moment on contacts are known, and '
        'when those from before the triggers were filled in.';

    create table if not exists {{ schema }}.contacts (
        {% for name, column in live_contact_columns(live_sources()[0]).items() %}
        {{ name }} {{ column[0] }}
        {%- if name in ('source_name', 'group_hash') or name.startswith('is_') or name.startswith('changed_') %} not null{% endif %},
        {% endfor %}
        primary key (channel, contact_id)
    ) with (fillfactor = 70);
    create index if not exists contacts_group
    on {{ schema }}.contacts (source_name, group_hash);
    create index if not exists contacts_open
    on {{ schema }}.contacts (open_until) where open_until is not null;
    create index if not exists contacts_offered
    on {{ schema }}.contacts (offered_at);
    comment on table {{ schema }}.contacts is
        'One row per contact as known this second; who the customer is does not stand '
        'here. is_counted is false for what the verdicts refuse, with the reason.';
    comment on column {{ schema }}.contacts.contact_id is
        'source_record_id of marts.fct_interactions, together with source_name.';
    comment on column {{ schema }}.contacts.waiting_since is
        'Since when the customer waits for a first response; null when nobody waits.';
    comment on column {{ schema }}.contacts.unanswered_since is
        'The oldest message of the customer to which no human has replied, first response '
        'or not; null when there is none.';
    comment on column {{ schema }}.contacts.open_until is
        'When the contact counts as over unless something more is heard; null when it '
        'was ended, infinity where it may take days.';

    create table if not exists {{ schema }}.minutes (
        channel text not null,
        queue_name text not null,
        minute timestamptz not null,
        {% for name in live_parts() %}
        {{ name }} bigint not null default 0,
        {% endfor %}
        changed_xid xid8 not null default pg_current_xact_id(),
        primary key (channel, queue_name, minute)
    ) with (fillfactor = 50);
    create index if not exists minutes_minute on {{ schema }}.minutes (minute);
    comment on table {{ schema }}.minutes is
        'One row per channel, queue (- where there is none) and minute in which a contact '
        'began: the additive parts of the contacts that began in it.';

    create table if not exists {{ schema }}.agent_states (
        state_id text primary key,
        agent_id text not null,
        agent_state text,
        state_kind text,
        channel text,
        started_at timestamptz not null,
        ended_at timestamptz,
        changed_at timestamptz not null default clock_timestamp()
    ) with (fillfactor = 70);
    create index if not exists agent_states_latest
    on {{ schema }}.agent_states (agent_id, started_at desc);
    comment on table {{ schema }}.agent_states is
        'One row per stay of an agent in one state, of the days kept.';

    create table if not exists {{ schema }}.agents (
        agent_id text primary key,
        site_code text,
        team_name text,
        team_kind text,
        skills text
    );
    comment on table {{ schema }}.agents is
        'One row per agent, copied from marts.dim_agents after each build.';

    create table if not exists {{ schema }}.channels (
        channel text primary key,
        has_abandonment boolean,
        first_response_target_seconds integer,
        service_level_target_rate numeric
    );
    comment on table {{ schema }}.channels is
        'One row per channel, copied from the list of channels after each build.';

    create table if not exists {{ schema }}.feed_tables (
        source_name text not null,
        table_name text not null,
        channel text,
        limit_seconds bigint,
        stale_after_seconds bigint,
        expected_per_hour numeric,
        is_stream boolean not null default false,
        last_event_at timestamptz,
        last_landed_at timestamptz,
        primary key (source_name, table_name)
    ) with (fillfactor = 50);
    comment on table {{ schema }}.feed_tables is
        'One row per raw table: what is expected of it and when it was last heard of. '
        'limit_seconds is for people to set; the rest is kept.';

    create table if not exists {{ schema }}.landed_minutes (
        source_name text not null,
        table_name text not null,
        minute timestamptz not null,
        row_count bigint not null,
        primary key (source_name, table_name, minute)
    ) with (fillfactor = 50);
    create index if not exists landed_minutes_minute
    on {{ schema }}.landed_minutes (minute);
    comment on table {{ schema }}.landed_minutes is
        'One row per raw table and minute in which rows of it landed: how many.';

    create table if not exists {{ schema }}.landings (
        landing_id bigint generated always as identity primary key,
        landed_xid xid8 not null default pg_current_xact_id(),
        source_name text not null,
        table_name text not null,
        row_count bigint not null,
        last_event_at timestamptz,
        is_stream boolean not null,
        keys text[]
    ) with (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
    comment on table {{ schema }}.landings is
        'One row per statement that landed rows, from then to the end of its '
        'transaction: outside of one it is empty.';

    create table if not exists {{ schema }}.pending (
        pending_id bigint generated always as identity primary key,
        source_name text not null,
        keys text[] not null,
        attempts integer not null default 0,
        reason text not null,
        noted_at timestamptz not null default clock_timestamp()
    );
    comment on table {{ schema }}.pending is
        'Keys that were too many for the transaction that landed them, or could not be '
        'looked at in it, with the reason; live.catch_up() takes them in.';

    create index if not exists review_decisions
    on {{ operations_schema() }}.review (record_type, record_id)
    where decision is not null;
{% endmacro %}
