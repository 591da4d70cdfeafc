{{ config(
    unique_key=['experiment_name', 'variant_name', 'metric_name'],
    indexes=[{'columns': ['changed_xid']}],
    meta={
        'touched_key': 'experiment_name',
        'touched_by': [
            {'parent': 'fct_experiment_outcomes', 'key': 'experiment_name'},
            {'parent': 'seed_experiment_variants', 'key': 'experiment_name'},
        ],
    }
) }}

with

outcomes as (

    select * from {{ ref('fct_experiment_outcomes') }}
    {{ only_touched('experiment_name') }}

),

experiments as (

    select * from {{ ref('seed_experiments') }}

),

variants as (

    select * from {{ ref('seed_experiment_variants') }}
    {{ only_touched('experiment_name') }}

),

measured as (

    -- a share or a mean per unit is a ratio whose denominator is one for each unit
    select
        outcomes.experiment_name,
        outcomes.variant_name,
        outcomes.is_counted,
        metrics.metric_name,
        metrics.metric_kind,
        metrics.numerator::numeric as numerator,
        metrics.denominator::numeric as denominator,
        metrics.covariate::numeric as covariate
    from outcomes
    cross join
        lateral (
            values
            (
                'conversion_rate',
                'share',
                least(outcomes.order_count, 1),
                1,
                least(outcomes.prior_order_count, 1)
            ),
            (
                'orders_per_unit',
                'mean',
                outcomes.order_count,
                1,
                outcomes.prior_order_count
            ),
            (
                'contacts_per_unit',
                'mean',
                outcomes.contact_count,
                1,
                outcomes.prior_contact_count
            ),
            (
                'complaint_rate',
                'ratio',
                outcomes.complaint_count,
                outcomes.contact_count,
                null
            ),
            (
                'csat_rate',
                'ratio',
                outcomes.csat_satisfied_count,
                outcomes.csat_answer_count,
                null
            ),
            (
                'average_handle_seconds',
                'ratio',
                outcomes.handle_seconds_sum,
                outcomes.handle_count,
                null
            )
        ) as metrics (metric_name, metric_kind, numerator, denominator, covariate)
    where outcomes.variant_name is not null

),

moments as (

    select
        experiment_name,
        variant_name,
        metric_name,
        metric_kind,
        count(*) as assigned_unit_count,
        count(*) filter (where is_counted) as unit_count,
        sum(numerator) filter (where is_counted) as numerator_sum,
        sum(denominator) filter (where is_counted) as denominator_sum,
        sum(numerator * numerator) filter (where is_counted) as numerator_square_sum,
        sum(denominator * denominator) filter (where is_counted)
            as denominator_square_sum,
        sum(numerator * denominator) filter (where is_counted) as product_sum,
        sum(covariate) filter (where is_counted) as covariate_sum,
        sum(covariate * covariate) filter (where is_counted) as covariate_square_sum,
        sum(numerator * covariate) filter (where is_counted) as covariate_product_sum
    from measured
    group by experiment_name, variant_name, metric_name, metric_kind

),

final as (

    select

        -- strings
        moments.experiment_name,
        moments.variant_name,
        moments.metric_name,
        moments.metric_kind,
        experiments.unit_kind,
        experiments.control_variant_name,
        case
            when moments.unit_count = 0 then 'no_window_over'
            when moments.numerator_sum is null then 'unit_is_no_customer'
            when moments.denominator_sum = 0 then 'nothing_to_measure'
        end as metric_value_reason,

        -- numerics
        moments.assigned_unit_count,
        moments.unit_count,
        experiments.planned_unit_count,
        variants.planned_share::numeric(5, 4) as planned_share,
        moments.numerator_sum,
        moments.denominator_sum,
        moments.numerator_square_sum,
        moments.denominator_square_sum,
        moments.product_sum,
        moments.covariate_sum,
        moments.covariate_square_sum,
        moments.covariate_product_sum,
        (moments.numerator_sum / nullif(moments.denominator_sum, 0))::numeric(14, 4)
            as metric_value,
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(moments.variant_name = experiments.control_variant_name, false)
            as is_control

    from moments
    left join experiments
        on moments.experiment_name = experiments.experiment_name
    left join variants
        on
            moments.experiment_name = variants.experiment_name
            and moments.variant_name = variants.variant_name

)

select * from final
