select

    -- strings
    comparison,
    level,

    -- numerics
    model_version,
    bits,

    -- timestamps
    proposed_at as loaded_at

from {{ source('frontdesk', 'identity_models') }}
