select

    -- ids
    delivery_id,
    order_id,

    -- strings
    carrier as carrier_name,
    status as status_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- dates
    promised_date,

    -- timestamps
    shipped_at,
    delivered_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('crm', 'deliveries') }}
