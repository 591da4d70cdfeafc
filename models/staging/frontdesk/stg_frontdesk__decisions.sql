select

    -- ids
    record_id,

    -- strings
    record_type,
    decision,
    decided_by,

    -- numerics
    decided_xid as landed_xid,

    -- timestamps
    decided_at,
    queued_at as loaded_at

from {{ source('frontdesk', 'review') }}
