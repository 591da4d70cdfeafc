select

    -- ids
    id_key as ticket_form_id,

    -- strings
    source_name,
    name as ticket_form_name,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    updated_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'ticket_form_history') }}
