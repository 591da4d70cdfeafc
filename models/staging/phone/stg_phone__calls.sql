select

    -- ids
    call_id,
    callback_of as callback_of_call_id,
    agent_id,

    -- strings
    site as site_code,
    direction as direction_raw,
    caller_number as caller_phone_raw,
    dialled_number as dialled_phone_raw,
    language as language_code,
    ivr_outcome as ivr_outcome_raw,
    queue_name,
    call_result as call_result_raw,
    disposition as disposition_raw,
    resolved as resolved_raw,
    _source_name as source_file_name,

    -- numerics
    wait_secs as wait_seconds,
    talk_secs as talk_seconds,
    hold_secs as hold_seconds,
    acw_secs as acw_seconds,
    transfer_count,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    started_at,
    answered_at,
    ended_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('phone', 'calls') }}
