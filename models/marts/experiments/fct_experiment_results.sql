{{ config(
    unique_key=['experiment_name', 'metric_name', 'variant_name', 'looked_date'],
    meta={
        'touched_key': 'experiment_name',
        'touched_by': [{
            'parent': 'stg_experiments__results',
            'key': 'experiment_name',
        }],
    }
) }}

with

results as (

    select * from {{ ref('int_experiment_results__cleaned') }}
    {{ only_touched('experiment_name') }}

),

final as (

    select

        -- strings
        experiment_name,
        metric_name,
        variant_name,
        control_variant_name,
        result_reason,

        -- numerics
        variant_unit_count,
        control_unit_count,
        variant_value,
        control_value,
        difference,
        lower_difference,
        upper_difference,
        z_value,
        p_value,
        adjusted_p_value,
        adjusted_difference,
        variance_reduction_rate::numeric(5, 4) as variance_reduction_rate,
        least(information_rate, 1)::numeric(5, 4) as information_rate,
        bound_value,
        sample_ratio_p_value,

        -- booleans
        is_sample_ratio_right,
        is_significant,

        -- dates
        looked_date,

        -- timestamps
        looked_at

    from results

)

select * from final
