select

    -- ids
    message_id,
    thread_id,
    agent_id,

    -- strings
    direction as direction_raw,
    from_address as from_email_raw,
    to_address as to_email_raw,
    body as text_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    is_internal_note,
    is_auto_reply,

    -- timestamps
    sent_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('email', 'messages') }}
