select

    -- ids
    thread_id,

    -- strings
    mailbox as mailbox_email_raw,
    subject as subject_raw,
    customer_address as customer_email_raw,
    queue_name,
    tag as tag_raw,
    status as status_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    resolved as is_resolved,

    -- timestamps
    created_at,
    solved_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('email', 'threads') }}
