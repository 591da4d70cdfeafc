select

    -- ids
    event_id,
    customer_id,
    other_customer_id,
    run_id,

    -- strings
    event,

    -- numerics
    record_count,
    changed_xid as landed_xid,

    -- timestamps
    happened_at,
    happened_at as loaded_at

from {{ source('frontdesk', 'customer_events') }}
