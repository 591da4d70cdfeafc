select

    -- ids
    gate_result_id::text as gate_result_id,
    run_id,
    gate_id,

    -- strings
    gate_name,
    model_name,
    column_name,
    severity,
    outcome,
    message,
    sample_keys,

    -- numerics
    failing_row_count,
    landed_xid,

    -- timestamps
    noted_at,
    noted_at as loaded_at

from {{ source('quality', 'gate_results') }}
