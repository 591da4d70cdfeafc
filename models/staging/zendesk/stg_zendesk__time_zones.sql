select

    -- strings
    source_name,
    time_zone as time_zone_raw,
    standard_offset as standard_offset_raw,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'time_zone') }}
