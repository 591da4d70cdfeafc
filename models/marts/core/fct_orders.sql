{{ config(
    unique_key='order_id',
    indexes=[
        {'columns': ['customer_id', 'ordered_at']},
        {'columns': ['ordered_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_orders__cleaned', 'key': 'order_id'},
            {'parent': 'int_deliveries__cleaned', 'key': 'order_id'},
            {
                'parent': 'int_records__resolved',
                'key': 'substr(record_id, 10)',
                'where': "starts_with(record_id, 'customer:')",
                'via': {
                    'model': 'int_orders__cleaned',
                    'column': 'crm_customer_id',
                    'key': 'order_id',
                },
            },
        ],
        'moves': ['customer_id'],
    }
) }}

with

orders as (

    select * from {{ ref('int_orders__cleaned') }}
    {{ only_touched('order_id') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__cleaned') }}
    {{ only_touched('order_id') }}

),

records as (

    select * from {{ ref('int_records__resolved') }}

),

delivered as (

    -- an order that left in parts is there when the last part is
    select
        order_id,
        max(promised_date) as promised_date,
        min(shipped_at) as shipped_at,
        case when bool_and(delivered_at is not null) then max(delivered_at) end
            as delivered_at
    from deliveries
    group by order_id

),

final as (

    select

        -- ids
        orders.order_id,
        records.customer_id,
        orders.crm_customer_id,
        orders.promotion_id,

        -- strings
        orders.sales_channel,
        orders.product_line,
        orders.order_status,
        orders.order_currency,

        -- numerics
        orders.item_count::integer as item_count,
        orders.order_amount::numeric(12, 2) as order_amount,
        pg_current_xact_id() as changed_xid,

        -- booleans
        -- what was cancelled never was a sale; what came back was one, and is none now
        coalesce(orders.order_status not in ('cancelled', 'returned'), false)
            as is_sale,

        -- dates
        {{ business_date('orders.ordered_at') }} as ordered_date,
        delivered.promised_date,

        -- timestamps
        orders.ordered_at,
        delivered.shipped_at,
        delivered.delivered_at

    from orders
    left join delivered
        on orders.order_id = delivered.order_id
    {{ looked_up(
        'records', "'customer:' || orders.crm_customer_id = records.record_id", kind='left'
    ) }}

)

select * from final
