select

    -- ids
    id_key as calendar_id,

    -- strings
    source_name,
    name as calendar_name,
    time_zone as time_zone_raw,

    -- numerics
    start_time as start_minute,
    end_time as end_minute,
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    created_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'schedule') }}
