select

    -- ids
    ticket_id_key as ticket_id,
    user_id_key as author_id,
    value_key as value_id,

    -- strings
    source_name,
    field_name,
    value,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    updated as changed_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'ticket_field_history') }}
