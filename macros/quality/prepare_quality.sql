{#
    Before a build: makes the tables in which the outcome of every gate and the results of
    experiments are kept. They are no models: what was found once is not found again
#}
{% macro prepare_quality() %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% set tables = ['gate_runs', 'gate_results', 'experiment_results'] %}
    {% set known = run_query(
        "select count(to_regclass('" ~ operations_schema() ~ ".' || name))"
        ~ " from unnest(array['" ~ tables | join("', '") ~ "']) as name"
    ) %}
    {% if known.rows[0][0] == tables | length %}{{ return('') }}{% endif %}
    create schema if not exists {{ operations_schema() }};

    create table if not exists {{ operations_schema() }}.gate_runs (
        run_id text primary key,
        command text not null,
        passed_count bigint not null,
        warned_count bigint not null,
        failed_count bigint not null,
        errored_count bigint not null,
        skipped_count bigint not null,
        landed_xid xid8 not null default pg_current_xact_id(),
        noted_at timestamptz not null default now()
    );
    comment on table {{ operations_schema() }}.gate_runs is
        'One row per run in which gates were asked: how many passed, warned, failed.';

    create table if not exists {{ operations_schema() }}.gate_results (
        gate_result_id bigint generated always as identity primary key,
        run_id text not null,
        gate_id text not null,
        gate_name text not null,
        model_name text,
        column_name text,
        severity text not null,
        outcome text not null,
        failing_row_count bigint,
        message text,
        sample_keys jsonb not null default '[]',
        landed_xid xid8 not null default pg_current_xact_id(),
        noted_at timestamptz not null default now()
    );
    create index if not exists gate_results_last
    on {{ operations_schema() }}.gate_results (gate_id, gate_result_id);
    comment on table {{ operations_schema() }}.gate_results is
        'One row per outcome of a gate in a run; a pass that repeats the pass of the '
        'same day is not noted again.';

    create table if not exists {{ operations_schema() }}.experiment_results (
        result_id bigint generated always as identity primary key,
        experiment_name text not null,
        metric_name text not null,
        variant_name text not null,
        control_variant_name text not null,
        result_reason text,
        variant_unit_count bigint not null,
        control_unit_count bigint not null,
        variant_value double precision,
        control_value double precision,
        difference double precision,
        lower_difference double precision,
        upper_difference double precision,
        z_value double precision,
        p_value double precision,
        adjusted_p_value double precision,
        adjusted_difference double precision,
        variance_reduction_rate double precision,
        information_rate double precision,
        bound_value double precision,
        sample_ratio_p_value double precision,
        is_sample_ratio_right boolean,
        is_significant boolean,
        looked_date date not null,
        landed_xid xid8 not null default pg_current_xact_id(),
        looked_at timestamptz not null default now(),
        unique (experiment_name, metric_name, variant_name, looked_date)
    );
    comment on table {{ operations_schema() }}.experiment_results is
        'One row per experiment, metric, variant and day on which it was looked at. '
        'A day has one look: looking again changes nothing.';
{% endmacro %}
