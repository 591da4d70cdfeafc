select

    -- ids
    id_key as ticket_id,
    id as source_ticket_id,
    requester_id_key as requester_id,
    submitter_id_key as submitter_id,
    assignee_id_key as agent_id,
    group_id_key as group_id,
    organization_id_key as organization_id,
    brand_id_key as brand_id,
    ticket_form_id_key as ticket_form_id,

    -- strings
    source_name,
    status as status_raw,
    priority as priority_raw,
    type as ticket_type_raw,
    via_channel as channel_raw,
    subject as subject_raw,
    description as description_raw,
    url,

    -- numerics
    landed_xid,

    -- booleans
    is_public,
    is_deleted,

    -- timestamps
    created_at,
    updated_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'ticket') }}
