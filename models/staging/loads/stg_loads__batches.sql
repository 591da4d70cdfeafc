select

    -- ids
    batch_id::text as batch_id,
    -- hours of UTC, numbered from 1970: the same hour a week before is 168 less
    source_name || '|' || table_name
    || '|' || floor(extract(epoch from loaded_at) / 3600) as source_hour_id,

    -- strings
    source_name,
    table_name,
    file_name,

    -- numerics
    floor(extract(epoch from loaded_at) / 3600)::bigint as hour_number,
    row_count,
    unreadable_count,
    landed_xid,

    -- timestamps
    loaded_at

from {{ source('loads', 'batches') }}
