select

    -- ids
    answer_id,
    invitation_id,

    -- strings
    comment as comment_raw,
    _source_name as source_file_name,

    -- numerics
    score,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    answered_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('survey', 'answers') }}
