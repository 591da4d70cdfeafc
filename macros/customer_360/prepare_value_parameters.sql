{# before a build: the table that fitted numbers are written to, kept outside of rebuilds #}
{% macro prepare_value_parameters() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% set table = operations_schema() ~ '.value_parameters' %}
    {% set known = run_query("select to_regclass('" ~ table ~ "') is not null") %}
    {% if known.rows[0][0] %}{{ return('') }}{% endif %}
    create schema if not exists {{ operations_schema() }};
    create table if not exists {{ table }} (
        model_version integer not null,
        model text not null,
        segment text not null,
        parameter text not null,
        parameter_value double precision not null,
        customer_count bigint,
        measured_at timestamptz not null,
        fitted_at timestamptz not null default now(),
        landed_xid xid8 not null default pg_current_xact_id(),
        primary key (model_version, model, segment, parameter)
    );
    create index if not exists value_parameters_landed on {{ table }} (landed_xid);
    comment on table {{ table }} is
        'One row per version of a model, segment and parameter that was fitted. Rows are '
        'added and never changed; the highest version of a segment is in force.';
{% endmacro %}
