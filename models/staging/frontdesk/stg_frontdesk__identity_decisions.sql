select

    -- ids
    decision_id::text as decision_id,
    record_id_a,
    record_id_b,

    -- strings
    verdict,
    decided_by,
    reason,
    undone_by,
    undone_reason,

    -- numerics
    landed_xid,

    -- booleans
    undone_at is null as is_standing,

    -- timestamps
    decided_at,
    undone_at,
    decided_at as loaded_at

from {{ source('frontdesk', 'identity_decisions') }}
