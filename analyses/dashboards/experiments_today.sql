-- what the experiments say at their latest look: the effect with its interval, and
-- whether the bound for looking so often allows to call it
with

results as (

    select * from {{ ref('fct_experiment_results') }}

),

latest as (

    select
        experiment_name,
        max(looked_date) as last_date
    from {{ ref('fct_experiment_results') }}
    group by experiment_name

),

final as (

    select
        results.experiment_name,
        results.metric_name,
        results.variant_name,
        results.control_variant_name,
        results.variant_unit_count,
        results.control_unit_count,
        results.variant_value,
        results.control_value,
        results.difference,
        results.lower_difference,
        results.upper_difference,
        results.adjusted_p_value,
        results.information_rate,
        results.is_significant,
        results.is_sample_ratio_right,
        results.result_reason,
        results.looked_date
    from results
    inner join latest
        on
            results.experiment_name = latest.experiment_name
            and results.looked_date = latest.last_date

)

select * from final
order by experiment_name asc, metric_name asc, variant_name asc
