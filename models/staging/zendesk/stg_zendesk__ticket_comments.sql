select

    -- ids
    id_key as comment_id,
    ticket_id_key as ticket_id,
    user_id_key as author_id,

    -- strings
    source_name,
    body as text_raw,

    -- numerics
    landed_xid,

    -- booleans
    public as is_public,
    voice_comment as is_voice,
    is_deleted,

    -- timestamps
    created as sent_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'ticket_comment') }}
