{# what the build keeps between runs; the loader makes the rest of this schema #}
{% macro prepare_operations() %}
    {% if not execute %}{{ return('') }}{% endif %}
    {# everything below may run again, and does as soon as one of these is missing #}
    {% set tables = ['watermarks', 'moved_keys', 'sync_marks', 'review'] %}
    {% set known = run_query(
        "select count(to_regclass('" ~ operations_schema() ~ ".' || name))"
        ~ " from unnest(array['" ~ tables | join("', '") ~ "']) as name"
    ) %}
    {# since 0.4.0 #}
    {% set added = run_query(
        "select count(*) from pg_attribute where attname in ('model_checksum', 'next_seeds', 'seeds')"
        ~ " and attrelid = to_regclass('" ~ operations_schema() ~ ".watermarks')"
    ) %}
    {% if known.rows[0][0] == tables | length and added.rows[0][0] == 3 %}{{ return('') }}{% endif %}
    create schema if not exists {{ operations_schema() }};

    create table if not exists {{ operations_schema() }}.watermarks (
        relation text primary key,
        next_snapshot pg_snapshot not null,
        snapshot pg_snapshot,
        rebuilt_xid xid8,
        built_at timestamptz
    );
    alter table {{ operations_schema() }}.watermarks
    add column if not exists model_checksum text,
    add column if not exists next_seeds text,
    add column if not exists seeds text;
    comment on table {{ operations_schema() }}.watermarks is
        'One row per incremental model: the snapshot its last finished build read, '
        'so that the next one reads exactly what was not visible then, the text of the '
        'model and what the seeds that touch it held then. One per gate that asks of new '
        'rows: the snapshot in which it last passed.';

    create table if not exists {{ operations_schema() }}.moved_keys (
        relation text not null,
        key_column text not null,
        key_value text not null,
        changed_xid xid8 not null default pg_current_xact_id()
    );
    create index if not exists moved_keys_since
    on {{ operations_schema() }}.moved_keys (relation, key_column, changed_xid);
    comment on table {{ operations_schema() }}.moved_keys is
        'One row per key that a model gave up: rows that left, and former values of '
        'columns that models downstream aggregate by.';

    create table if not exists {{ operations_schema() }}.sync_marks (
        relation text not null,
        parent text not null,
        account text not null,
        next_synced_at timestamptz not null,
        next_table_id oid,
        synced_at timestamptz,
        table_id oid,
        primary key (relation, parent, account)
    );
    comment on table {{ operations_schema() }}.sync_marks is
        'One row per incremental model, parent over a connector''s tables, and account: '
        'up to which moment of the connector its last finished build read, and from '
        'which table.';

    create table if not exists {{ operations_schema() }}.review (
        record_type text not null,
        record_id text not null,
        doubt text not null,
        detail text,
        decision text check (decision in ('keep', 'reject')),
        decided_by text,
        note text,
        queued_at timestamptz not null default now(),
        decided_at timestamptz,
        decided_xid xid8,
        primary key (record_type, record_id)
    );
    create index if not exists review_decided
    on {{ operations_schema() }}.review (decided_xid);
    comment on table {{ operations_schema() }}.review is
        'One row per doubtful record. Set decision to keep or reject (and decided_by); '
        'the next build obeys. Builds add rows and never change or remove one.';

    create or replace function {{ operations_schema() }}.stamp_decision()
    returns trigger language plpgsql as $stamp$
    begin
        if tg_op = 'INSERT' and new.decision is null then
            return new;
        end if;
        new.decided_at := now();
        new.decided_xid := pg_current_xact_id();
        return new;
    end
    $stamp$;
    create or replace trigger stamp_decision
    before insert or update of decision on {{ operations_schema() }}.review
    for each row execute function {{ operations_schema() }}.stamp_decision();
{% endmacro %}


{% macro operations_schema() -%}
    {{ 'frontdesk' if target.name == 'default' else target.schema ~ '_frontdesk' }}
{%- endmacro %}
