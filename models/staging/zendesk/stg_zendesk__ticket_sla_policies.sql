select

    -- ids
    ticket_id_key as ticket_id,
    sla_policy_id_key as sla_policy_id,

    -- strings
    source_name,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    policy_applied_at as applied_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'ticket_sla_policy') }}
