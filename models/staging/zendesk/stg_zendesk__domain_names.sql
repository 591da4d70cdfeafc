select

    -- ids
    organization_id_key as organization_id,

    -- strings
    source_name,
    domain_name,

    -- numerics
    landed_xid,

    -- booleans
    is_deleted,

    -- timestamps
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'domain_name') }}
