select

    -- ids
    session_id,
    visitor_id,
    crm_customer_id,
    agent_id,
    from_bot_session_id,

    -- strings
    site as site_code,
    name as visitor_name_raw,
    phone as phone_raw,
    email as email_raw,
    queue_name,
    status as status_raw,
    topic as topic_raw,
    tag as tag_raw,
    _source_name as source_file_name,

    -- numerics
    after_work_secs as after_work_seconds,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    resolved as is_resolved,

    -- timestamps
    started_at,
    queued_at,
    ended_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('chat', 'sessions') }}
