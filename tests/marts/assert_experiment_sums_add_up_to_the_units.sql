{{ config(meta={'dagster': {'ref': {'name': 'kpi_experiments'}}}) }}

-- the arms hold the units that count, each once, and what they did
with

outcomes as (

    select * from {{ ref('fct_experiment_outcomes') }}

),

experiments as (

    select * from {{ ref('kpi_experiments') }}

),

units as (

    select
        experiment_name,
        variant_name,
        count(*) filter (where is_counted) as unit_count,
        coalesce(sum(contact_count) filter (where is_counted), 0) as contact_count,
        coalesce(sum(complaint_count) filter (where is_counted), 0) as complaint_count
    from outcomes
    where variant_name is not null
    group by experiment_name, variant_name

),

arms as (

    select
        experiment_name,
        variant_name,
        max(unit_count) as unit_count,
        coalesce(sum(numerator_sum) filter (
            where metric_name = 'contacts_per_unit'
        ), 0) as contact_count,
        coalesce(sum(numerator_sum) filter (
            where metric_name = 'complaint_rate'
        ), 0) as complaint_count
    from experiments
    group by experiment_name, variant_name

)

(
    select * from units
    except all
    select * from arms
)
union all
(
    select * from arms
    except all
    select * from units
)
