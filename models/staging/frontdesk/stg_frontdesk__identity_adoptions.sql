select

    -- ids
    adoption_id::text as adoption_id,

    -- strings
    adopted_by,
    reason,

    -- numerics
    model_version,
    moved_record_count,

    -- timestamps
    adopted_at,
    adopted_at as loaded_at

from {{ source('frontdesk', 'identity_adoptions') }}
