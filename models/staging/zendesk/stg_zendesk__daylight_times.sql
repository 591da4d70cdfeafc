select

    -- strings
    source_name,
    time_zone as time_zone_raw,

    -- numerics
    year as daylight_year,
    daylight_offset as offset_hours,
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    daylight_start_utc as daylight_started_at,
    daylight_end_utc as daylight_ended_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'daylight_time') }}
