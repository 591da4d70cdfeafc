select

    -- ids
    promotion_id,

    -- strings
    name as promotion_name,
    product_line,
    _source_name as source_file_name,

    -- numerics
    discount_rate,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- dates
    starts_on as starts_date,
    ends_on as ends_date,

    -- timestamps
    exported_at,
    _loaded_at as loaded_at

from {{ source('marketing', 'promotions') }}
