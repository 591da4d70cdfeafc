select

    -- ids
    id_key as holiday_id,
    schedule_id_key as calendar_id,

    -- strings
    source_name,
    name as holiday_name,
    start_date as start_date_raw,
    end_date as end_date_raw,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'schedule_holiday') }}
