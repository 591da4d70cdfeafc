{{ config(
    unique_key='customer_id',
    indexes=[
        {'columns': ['next_scored_at']},
        {'columns': ['value_tier']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_orders', 'key': 'customer_id'},
            {
                'parent': 'int_score_parameters__cleaned',
                'key': 'model',
                'where': "model = 'value'",
                'each': 'unnest(array(select customer_id from :this))',
            },
        ],
        'running': 'next_scored_at <= :as_of',
    }
) }}

with

orders as (

    select * from {{ ref('fct_orders') }}
    {{ only_touched('customer_id') }}

),

parameters as (

    select * from {{ ref('int_score_parameters__cleaned') }}

),

bands as (

    select * from {{ ref('seed_value_bands') }}

),

any_bands as (

    select * from {{ ref('seed_value_bands') }}

),

placed as (

    -- amounts of two currencies do not add up: the customer's is that of the last sale
    select
        *,
        first_value(order_currency) over (
            partition by customer_id
            order by is_sale desc, ordered_at desc, order_id desc
        ) as main_currency
    from orders
    where
        customer_id is not null
        and ordered_at is not null

),

days as (

    select
        customer_id,
        main_currency,
        ordered_date,
        count(*) filter (where is_sale) as order_count,
        count(*) filter (where not is_sale) as undone_order_count,
        count(*) filter (where is_sale and promotion_id is not null)
            as promotion_order_count,
        count(*) filter (where is_sale and order_currency <> main_currency)
            as other_currency_order_count,
        sum(order_amount) filter (where is_sale and order_currency = main_currency)
            as order_amount,
        min(ordered_at) filter (where is_sale) as first_ordered_at,
        max(ordered_at) filter (where is_sale) as last_ordered_at
    from placed
    group by customer_id, main_currency, ordered_date

),

counted as (

    select
        customer_id,
        main_currency as order_currency,
        sum(order_count)::bigint as order_count,
        sum(undone_order_count)::bigint as undone_order_count,
        sum(promotion_order_count)::bigint as promotion_order_count,
        sum(other_currency_order_count)::bigint as other_currency_order_count,
        -- several orders of one day are one purchase
        count(*) filter (where order_count > 0) as purchase_day_count,
        coalesce(sum(order_amount), 0)::numeric(12, 2) as order_amount,
        (array_agg(coalesce(order_amount, 0) order by ordered_date) filter (
            where order_count > 0
        ))[1] as first_day_amount,
        min(ordered_date) filter (where order_count > 0) as first_date,
        max(ordered_date) filter (where order_count > 0) as last_date,
        min(first_ordered_at) as first_ordered_at,
        max(last_ordered_at) as last_ordered_at,
        {{ scored_at('customer_id') }} as slot_at
    from days
    group by customer_id, main_currency

),

fitted as (

    select
        segment,
        max(model_version) as model_version,
        max(parameter_value) filter (where parameter = 'r') as r,
        max(parameter_value) filter (where parameter = 'alpha') as alpha,
        max(parameter_value) filter (where parameter = 'a') as a,
        max(parameter_value) filter (where parameter = 'b') as b,
        max(parameter_value) filter (where parameter = 'p') as p,
        max(parameter_value) filter (where parameter = 'q') as q,
        max(parameter_value) filter (where parameter = 'v') as v
    from parameters
    where model = 'value'
    group by segment

),

bounds as (

    select
        order_currency,
        array_agg(lower_bound order by lower_bound) filter (
            where measure = 'order_amount'
        ) as amount_bounds,
        array_agg(lower_bound order by lower_bound) filter (
            where measure = 'predicted_value'
        ) as predicted_bounds
    from bands
    group by order_currency

),

any_bounds as (

    select
        array_agg(lower_bound order by lower_bound) filter (
            where measure = 'recency_days'
        ) as recency_bounds,
        array_agg(lower_bound order by lower_bound) filter (
            where measure = 'purchase_days'
        ) as purchase_bounds,
        array_agg(lower_bound order by lower_bound) filter (
            where measure = 'score'
        ) as score_bounds
    from any_bands
    where order_currency = 'any'

),

measured as (

    -- whoever bought since the hour of the week is scored to that purchase
    select
        counted.*,
        fitted.model_version,
        fitted.r,
        fitted.alpha,
        fitted.a,
        fitted.b,
        fitted.p,
        fitted.q,
        fitted.v,
        bounds.amount_bounds,
        bounds.predicted_bounds,
        greatest(counted.purchase_day_count - 1, 0)::float8 as x,
        (counted.last_date - counted.first_date) / 7.0::float8 as t_x,
        greatest(
            {{ business_date('counted.slot_at') }}, counted.last_date
        ) - counted.first_date as observed_days,
        greatest({{ business_date('counted.slot_at') }}, counted.last_date)
        - counted.last_date as recency_days,
        coalesce(
            (
                (counted.order_amount - counted.first_day_amount)
                / nullif(counted.purchase_day_count - 1, 0)
            )::float8,
            0
        ) as m
    from counted
    left join fitted
        on counted.order_currency = fitted.segment
    left join bounds
        on counted.order_currency = bounds.order_currency

),

weighed as materialized (

    select
        *,
        observed_days / 7.0::float8 as weeks
    from measured

),

histories as (

    -- many have bought as often for as long, and what comes of it is the same
    select distinct
        order_currency,
        r,
        alpha,
        a,
        b,
        x,
        weeks
    from weighed

),

forecasts as (

    select
        histories.order_currency,
        histories.x,
        histories.weeks,
        modelled.purchases
    from histories
    cross join {{ purchases_of_living('histories', '(365.0 / 7.0)') }} as modelled

),

scored as (

    select
        weighed.*,
        {{ alive_chance('weighed') }} as alive_chance,
        {{ alive_chance('weighed') }} * forecasts.purchases as expected_purchases,
        {{ purchase_amount('weighed') }} as expected_amount,
        5 - width_bucket(weighed.recency_days::float8, any_bounds.recency_bounds)
            as recency_class,
        1
        + width_bucket(
            weighed.purchase_day_count::float8, any_bounds.purchase_bounds
        ) as frequency_class,
        1 + width_bucket(weighed.order_amount::float8, weighed.amount_bounds)
            as amount_class,
        any_bounds.score_bounds
    from weighed
    cross join any_bounds
    left join forecasts
        on
            weighed.order_currency = forecasts.order_currency
            and weighed.x = forecasts.x
            and weighed.weeks = forecasts.weeks

),

tiered as (

    select
        *,
        order_count > 0 as has_sale,
        (expected_purchases * expected_amount)::numeric(12, 2)
            as predicted_value_amount,
        recency_class + frequency_class + amount_class
            as recency_frequency_value_score
    from scored

),

final as (

    select

        -- ids
        customer_id,

        -- strings
        order_currency,
        case
            when not has_sale then 'no_sale'
            when predicted_value_amount is null then 'too_few_orders_to_fit'
        end as predicted_value_reason,
        case
            when not has_sale then 'no_sale'
            when amount_bounds is null then 'no_bands_for_currency'
        end as score_reason,
        case
            when not has_sale then 'none'
            when num_nulls(predicted_value_amount, predicted_bounds) = 0 then 'model'
            when recency_frequency_value_score is not null then 'score'
            else 'none'
        end as value_basis,
        coalesce(
            (array['low', 'middle', 'high'])[
                case when has_sale then 1 end + coalesce(
                    width_bucket(predicted_value_amount::float8, predicted_bounds),
                    width_bucket(recency_frequency_value_score::float8, score_bounds)
                )
            ],
            'none'
        ) as value_tier,

        -- numerics
        order_count,
        undone_order_count,
        promotion_order_count,
        other_currency_order_count,
        purchase_day_count,
        order_amount,
        (order_amount / nullif(order_count - other_currency_order_count, 0))
        ::numeric(12, 2) as average_order_amount,
        case when has_sale then x end::bigint as repeat_purchase_count,
        t_x::numeric(10, 4) as weeks_to_last_purchase,
        weeks::numeric(10, 4) as observed_weeks,
        recency_days,
        case when x > 0 then m end::numeric(12, 2) as repeat_purchase_amount,
        case when has_sale then alive_chance end::numeric(5, 4) as alive_rate,
        expected_purchases::numeric(12, 4) as expected_purchase_count,
        case when has_sale then expected_amount end::numeric(12, 2)
            as expected_purchase_amount,
        predicted_value_amount,
        recency_class,
        case when has_sale then frequency_class end as frequency_class,
        case when has_sale then amount_class end as amount_class,
        recency_frequency_value_score,
        case when has_sale then model_version end as model_version,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        first_ordered_at,
        last_ordered_at,
        greatest(slot_at, last_ordered_at) as scored_at,
        slot_at + interval '7 days' as next_scored_at

    from tiered

)

select * from final
