select

    -- ids
    assignment_id,
    crm_customer_id,

    -- strings
    experiment as experiment_name,
    variant as variant_name,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    assigned_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('marketing', 'experiment_assignments') }}
