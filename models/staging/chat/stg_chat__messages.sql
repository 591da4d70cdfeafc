select

    -- ids
    message_id,
    session_id,
    sender_id,

    -- strings
    sender_type as sender_type_raw,
    text as text_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    sent_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('chat', 'messages') }}
