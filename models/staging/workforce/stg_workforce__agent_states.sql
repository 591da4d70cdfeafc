select

    -- ids
    state_id,
    agent_id,

    -- strings
    state as state_raw,
    channel as channel_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    started_at,
    ended_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('workforce', 'agent_states') }}
