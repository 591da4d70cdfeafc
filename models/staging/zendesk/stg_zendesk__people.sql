select

    -- ids
    id_key as person_id,
    organization_id_key as organization_id,
    external_id,

    -- strings
    source_name,
    name as name_raw,
    email as email_raw,
    phone as phone_raw,
    role as role_raw,
    locale as locale_raw,
    time_zone as time_zone_raw,

    -- numerics
    landed_xid,

    -- booleans
    active as is_active,
    suspended as is_suspended,
    is_deleted,

    -- timestamps
    created_at,
    updated_at,
    last_login_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'user') }}
