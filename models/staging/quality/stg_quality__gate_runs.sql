select

    -- ids
    run_id,

    -- strings
    command,

    -- numerics
    passed_count,
    warned_count,
    failed_count,
    errored_count,
    skipped_count,
    landed_xid,

    -- timestamps
    noted_at,
    noted_at as loaded_at

from {{ source('quality', 'gate_runs') }}
