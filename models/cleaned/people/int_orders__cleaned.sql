{{ config(
    unique_key='order_id',
    indexes=[
        {'columns': ['order_id'], 'unique': true},
        {'columns': ['crm_customer_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_orders__judged', 'key': 'order_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_orders__judged') }}
    {{ only_touched('order_id') }}

),

orders as (

    select * from {{ ref('stg_crm__orders') }}

),

final as (

    select

        -- ids
        orders.order_id,
        orders.crm_customer_id,
        orders.promotion_id,

        -- strings
        lower(orders.sales_channel_raw) as sales_channel,
        orders.product_line,
        orders.order_currency,
        lower(orders.status_raw) as order_status,
        verdicts.flags,

        -- numerics
        orders.item_count,
        orders.order_amount,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        orders.ordered_at,
        verdicts.first_exported_at

    from verdicts
    inner join orders
        on verdicts.row_id = orders.row_id
    where verdicts.rejection_reason is null

)

select * from final
