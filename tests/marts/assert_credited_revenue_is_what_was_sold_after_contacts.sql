{{ config(meta={'dagster': {'ref': {'name': 'fct_contact_conversions'}}}) }}

-- every order that followed a contact within the window is credited once, no other is
with

credited as (

    select
        customer_id,
        sum(credited_order_count) as credited_order_count
    from {{ ref('fct_contact_conversions') }}
    group by customer_id

),

contacts as (

    select
        interactions.customer_id,
        coalesce(interactions.ended_at, interactions.started_at) as finished_at,
        windows.window_days
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('seed_conversion_windows') }} as windows
        on interactions.direction = windows.direction

),

sold as (

    select
        orders.customer_id,
        count(*) as order_count
    from {{ ref('fct_orders') }} as orders
    where
        orders.is_sale
        and exists (
            select 1
            from contacts
            where
                contacts.customer_id = orders.customer_id
                and contacts.finished_at < orders.ordered_at
                and orders.ordered_at
                <= contacts.finished_at + make_interval(days => contacts.window_days)
        )
    group by orders.customer_id

)

select
    credited.customer_id,
    credited.credited_order_count,
    sold.order_count
from credited
full join sold
    on credited.customer_id = sold.customer_id
where coalesce(credited.credited_order_count, 0) <> coalesce(sold.order_count, 0)
