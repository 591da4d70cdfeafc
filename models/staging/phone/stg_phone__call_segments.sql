select

    -- ids
    segment_id,
    call_id,
    agent_id,

    -- strings
    queue_name,
    segment_result as segment_result_raw,
    _source_name as source_file_name,

    -- numerics
    segment_no as segment_number,
    wait_secs as wait_seconds,
    talk_secs as talk_seconds,
    hold_secs as hold_seconds,
    acw_secs as acw_seconds,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    queued_at,
    answered_at,
    ended_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('phone', 'call_segments') }}
