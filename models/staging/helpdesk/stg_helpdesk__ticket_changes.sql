select

    -- ids
    change_id,
    ticket_id,
    author_id,

    -- strings
    field as field_name,
    old_value,
    new_value,
    author_type as author_type_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    is_public,

    -- timestamps
    changed_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('helpdesk', 'ticket_changes') }}
