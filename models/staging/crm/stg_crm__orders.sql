select

    -- ids
    order_id,
    crm_customer_id,
    promotion_id,

    -- strings
    sales_channel as sales_channel_raw,
    product_line,
    currency as order_currency,
    status as status_raw,
    _source_name as source_file_name,

    -- numerics
    quantity as item_count,
    amount as order_amount,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    ordered_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('crm', 'orders') }}
