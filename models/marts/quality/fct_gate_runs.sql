{{ config(
    unique_key='run_id',
    indexes=[{'columns': ['noted_at']}],
    meta={
        'touched_by': [{'parent': 'stg_quality__gate_runs', 'key': 'run_id'}],
    }
) }}

with

gate_runs as (

    select * from {{ ref('int_gate_runs__cleaned') }}
    {{ only_touched('run_id') }}

),

final as (

    select

        -- ids
        run_id,

        -- strings
        command,

        -- numerics
        passed_count + warned_count + failed_count + errored_count as asked_count,
        passed_count,
        warned_count,
        failed_count,
        errored_count,
        skipped_count,

        -- dates
        {{ business_date('noted_at') }} as noted_date,

        -- timestamps
        noted_at

    from gate_runs

)

select * from final
