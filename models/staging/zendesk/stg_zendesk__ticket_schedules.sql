select

    -- ids
    ticket_id_key as ticket_id,
    schedule_id_key as calendar_id,

    -- strings
    source_name,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    created_at as applied_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'ticket_schedule') }}
