select

    -- ids
    model || '|' || segment as model_segment_id,

    -- strings
    model,
    segment,
    parameter,

    -- numerics
    model_version,
    parameter_value,
    customer_count,
    landed_xid,

    -- timestamps
    measured_at,
    fitted_at as loaded_at

from {{ source('value', 'value_parameters') }}
