select

    -- ids
    conversation_id,
    utterance_id as message_id,

    -- strings
    domain as domain_name,
    split as split_name,
    utterance as text_raw,
    slot_labels as slot_labels_raw,
    intents as intents_raw,
    _source_name as source_file_name,

    -- numerics
    turn_number,
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    _loaded_at as loaded_at

from {{ source('chat_transcripts', 'turns') }}
