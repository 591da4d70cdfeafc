select

    -- ids
    sla_policy_id_key as sla_policy_id,

    -- strings
    source_name,
    metric,
    priority as priority_raw,

    -- numerics
    index as metric_index,
    target as target_minutes,
    landed_xid,

    -- booleans
    business_hours as is_business_hours,
    is_deleted,

    -- timestamps
    sla_policy_updated_at as policy_updated_at,
    synced_at,
    synced_at as loaded_at

from {{ connector_rows('zendesk', 'sla_policy_metric_history') }}
