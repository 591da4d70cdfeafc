select

    -- ids
    conversation_id,
    user_id as account_id,
    device_id,
    agent_id,

    -- strings
    phone as phone_raw,
    app_version,
    queue_name,
    topic as topic_raw,
    tag as tag_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    resolved as is_resolved,

    -- timestamps
    started_at,
    ended_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('app', 'conversations') }}
