select

    -- ids
    ticket_id_key as ticket_id,

    -- strings
    source_name,
    tag,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'ticket_tag') }}
