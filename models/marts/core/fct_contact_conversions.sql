{{ config(
    unique_key='interaction_id',
    indexes=[
        {'columns': ['customer_id']},
        {'columns': ['matures_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_interactions', 'key': 'customer_id'},
            {
                'parent': 'fct_interactions',
                'key': 'interaction_id',
                'via': {
                    'model': 'fct_contact_conversions',
                    'column': 'interaction_id',
                    'key': 'customer_id',
                },
            },
            {'parent': 'fct_orders', 'key': 'customer_id'},
        ],
        'touched_key': 'customer_id',
        'moves': ['customer_id'],
        'running': 'not is_mature and matures_at <= :as_of',
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('customer_id') }}

),

-- imported anew: read twice, an import would be written down whole
earlier_interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('customer_id') }}

),

orders as (

    select * from {{ ref('fct_orders') }}
    {{ only_touched('customer_id') }}

),

windows as (

    select * from {{ ref('seed_conversion_windows') }}

),

earlier_windows as (

    select * from {{ ref('seed_conversion_windows') }}

),

rates as (

    select * from {{ ref('seed_exchange_rates') }}

),

sales as (

    select
        orders.order_id,
        orders.customer_id,
        orders.order_amount * rates.exchange_rate as order_amount,
        orders.ordered_at
    from orders
    left join rates
        on
            orders.order_currency = rates.currency
            and orders.ordered_date >= rates.valid_from
            and orders.ordered_date < coalesce(rates.valid_to, 'infinity')
    where orders.is_sale and orders.customer_id is not null

),

followed as (

    -- every order within the window of a contact; the last contact before it gets the
    -- money, so that amounts add up to what was sold
    select
        earlier_interactions.interaction_id,
        sales.order_amount,
        row_number() over (
            partition by sales.order_id
            order by
                coalesce(
                    earlier_interactions.ended_at, earlier_interactions.started_at
                ) desc,
                earlier_interactions.interaction_id desc
        ) as contact_rank
    from earlier_interactions
    inner join earlier_windows
        on earlier_interactions.direction = earlier_windows.direction
    inner join sales
        on
            earlier_interactions.customer_id = sales.customer_id
            and sales.ordered_at > coalesce(
                earlier_interactions.ended_at, earlier_interactions.started_at
            )
            and sales.ordered_at <= coalesce(
                earlier_interactions.ended_at, earlier_interactions.started_at
            ) + make_interval(days => earlier_windows.window_days)

),

converted as (

    select
        interaction_id,
        count(*) as order_count,
        count(*) filter (where contact_rank = 1) as credited_order_count,
        coalesce(sum(order_amount) filter (where contact_rank = 1), 0)
            as credited_amount,
        count(*) filter (where contact_rank = 1 and order_amount is null)
            as credited_unpriced_count
    from followed
    group by interaction_id

),

timed as (

    select
        interactions.*,
        coalesce(interactions.ended_at, interactions.started_at)
        + make_interval(days => windows.window_days) as matures_at
    from interactions
    inner join windows
        on interactions.direction = windows.direction
    where
        interactions.customer_id is not null
        and interactions.started_at is not null

),

final as (

    select

        -- ids
        timed.interaction_id,
        timed.customer_id,

        -- numerics
        coalesce(converted.order_count, 0) as order_count,
        coalesce(converted.credited_order_count, 0) as credited_order_count,
        coalesce(converted.credited_amount, 0)::numeric(12, 2) as credited_amount,
        coalesce(converted.credited_unpriced_count, 0) as credited_unpriced_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        timed.matures_at <= {{ as_of() }} as is_mature,
        coalesce(converted.order_count, 0) > 0 as is_converted,

        -- timestamps
        timed.matures_at

    from timed
    left join converted
        on timed.interaction_id = converted.interaction_id

)

select * from final
