select

    -- ids
    ticket_id,
    crm_customer_id,
    assignee_id as agent_id,
    interaction_ref as interaction_record_id,

    -- strings
    requester_name as requester_name_raw,
    requester_email as requester_email_raw,
    requester_phone as requester_phone_raw,
    channel as channel_raw,
    subject as subject_raw,
    description as description_raw,
    status as status_raw,
    priority as priority_raw,
    ticket_type as ticket_type_raw,
    topic as topic_raw,
    group_name,
    interaction_source as interaction_source_name,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    created_at,
    updated_at,
    solved_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('helpdesk', 'tickets') }}
