select

    -- ids
    -- the city gives no key: what never changes about a request stands for it;
    -- an index of raw spells it the same way
    {{ surrogate_key([
        'department',
        'service_request_type',
        "extract(epoch from opened_at at time zone 'UTC')",
        'address',
        'channel',
    ]) }} as request_key,

    -- strings
    department,
    service_request_type,
    status as status_raw,
    closure_reason,
    address,
    local_area,
    channel as channel_raw,
    geom as geometry_raw,
    _source_name as source_file_name,

    -- numerics
    latitude,
    longitude,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- dates
    closed_date,

    -- timestamps
    opened_at,
    last_modified_at,
    _loaded_at as loaded_at

from {{ source('requests311', 'requests') }}
