select

    -- ids
    invitation_id,
    interaction_ref as interaction_record_id,

    -- strings
    survey_type as survey_type_raw,
    interaction_source as interaction_source_name,
    recipient as recipient_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    sent_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('survey', 'invitations') }}
