select

    -- ids
    shift_id,
    agent_id,

    -- strings
    activity as activity_raw,
    _source_name as source_file_name,

    -- numerics
    paid_minutes as paid_minute_count,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- dates
    shift_date,

    -- timestamps
    starts_at,
    ends_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('workforce', 'shifts') }}
