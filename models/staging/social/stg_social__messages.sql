select

    -- ids
    message_id,
    conversation_id,
    agent_id,

    -- strings
    platform as platform_code,
    handle as handle_raw,
    display_name as display_name_raw,
    direction as direction_raw,
    text as text_raw,
    tag as tag_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    is_public,

    -- timestamps
    posted_at as sent_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('social', 'messages') }}
