{#
    Before a build: makes reference.business_seconds, with which people count by hand what
    the models count with `open_seconds_at`. Its text is bound when it is called, so it
    outlives every rebuild of the table it reads. It runs with the rights of its owner,
    as readers may look into `reference`, but not into `cleaned`
#}
{% macro prepare_business_seconds() %}
    {% set schema = generate_schema_name('reference', none) %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {# `ref` is not for what runs before a build #}
    {% set intervals = relation_of('int_open_intervals__counted').include(database=false) %}
    {% set text -%}
        select
            {{ open_seconds_at('$1', '$3', intervals) }}
            - {{ open_seconds_at('$1', '$2', intervals) }}
    {%- endset %}
    {% set known = run_query(
        "select prosrc from pg_proc where oid = to_regprocedure('" ~ schema
        ~ ".business_seconds(text, timestamptz, timestamptz)')"
    ) %}
    {% if known.rows and known.rows[0][0] == text %}{{ return('') }}{% endif %}
    create schema if not exists {{ schema }};
    -- the table comes later in the first build
    set check_function_bodies = off;
    create or replace function {{ schema }}.business_seconds(
        calendar_id text, started_at timestamptz, ended_at timestamptz
    )
    returns bigint language sql stable parallel safe
    security definer set search_path = pg_catalog, pg_temp
    as $seconds${{ text }}$seconds$;
    reset check_function_bodies;
    comment on function {{ schema }}.business_seconds(text, timestamptz, timestamptz) is
        'Seconds from one moment to another at which a calendar is open; null where no '
        'calendar applies or a moment lies outside of the days that are counted.';
{% endmacro %}
