select

    -- ids
    result_id::text as result_id,

    -- strings
    experiment_name,
    metric_name,
    variant_name,
    control_variant_name,
    result_reason,

    -- numerics
    variant_unit_count,
    control_unit_count,
    variant_value,
    control_value,
    difference,
    lower_difference,
    upper_difference,
    z_value,
    p_value,
    adjusted_p_value,
    adjusted_difference,
    variance_reduction_rate,
    information_rate,
    bound_value,
    sample_ratio_p_value,
    landed_xid,

    -- booleans
    is_sample_ratio_right,
    is_significant,

    -- dates
    looked_date,

    -- timestamps
    looked_at,
    looked_at as loaded_at

from {{ source('experiments', 'experiment_results') }}
