{{ config(
    unique_key='gate_result_id',
    indexes=[
        {'columns': ['gate_name', 'noted_at']},
        {'columns': ['model_name']},
        {'columns': ['run_id']},
    ],
    meta={
        'touched_by': [{'parent': 'stg_quality__gate_results', 'key': 'gate_result_id'}],
    }
) }}

with

gate_results as (

    select * from {{ ref('int_gate_results__cleaned') }}
    {{ only_touched('gate_result_id') }}

),

final as (

    select

        -- ids
        gate_result_id,
        run_id,
        gate_id,

        -- strings
        gate_name,
        model_name,
        column_name,
        severity,
        case
            when outcome = 'pass' then 'passed'
            when outcome = 'warn' then 'warned'
            when outcome = 'fail' then 'failed'
            else 'errored'
        end as outcome,
        case when failing_row_count is null then 'gate_could_not_be_asked' end
            as failing_row_count_reason,
        message,
        sample_keys,

        -- numerics
        failing_row_count,

        -- dates
        {{ business_date('noted_at') }} as noted_date,

        -- timestamps
        noted_at

    from gate_results

)

select * from final
