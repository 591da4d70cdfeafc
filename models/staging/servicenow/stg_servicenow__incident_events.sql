select

    -- ids
    incident_number as incident_id,
    caller as caller_id,
    assigned_to as agent_id,

    -- strings
    incident_state as status_raw,
    opened_by,
    created_by,
    updated_by,
    contact_type as channel_raw,
    location,
    category,
    subcategory,
    symptom,
    configuration_item,
    impact,
    urgency,
    priority as priority_raw,
    assignment_group,
    notify,
    problem,
    change_request,
    vendor,
    caused_by,
    closed_code,
    resolved_by,
    _source_name as source_file_name,

    -- numerics
    reassignment_count,
    reopen_count,
    sys_mod_count,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    is_active,
    made_sla as is_sla_made,
    is_knowledge,
    is_priority_confirmed,

    -- timestamps
    opened_at,
    created_at,
    updated_at,
    resolved_at,
    closed_at,
    _loaded_at as loaded_at

from {{ source('servicenow', 'incident_events') }}
