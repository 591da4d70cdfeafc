select

    -- ids
    session_id,
    visitor_id,
    user_id as account_id,
    openid,
    handoff_session_id,

    -- strings
    site as site_code,
    platform as platform_code,
    language as language_code,
    intent,
    status as status_raw,
    handoff_channel as handoff_channel_raw,
    tag as tag_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    is_resolved,

    -- timestamps
    started_at,
    handed_off_at,
    ended_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('bot', 'sessions') }}
