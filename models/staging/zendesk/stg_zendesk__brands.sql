select

    -- ids
    id_key as brand_id,

    -- strings
    source_name,
    name as brand_name,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'brand') }}
