select

    -- ids
    message_id,
    app_id,
    openid,
    unionid,
    agent_id,

    -- strings
    direction as direction_raw,
    sender_type as sender_type_raw,
    msg_type as message_type_raw,
    content as text_raw,
    tag as tag_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    create_time as sent_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('wechat', 'messages') }}
