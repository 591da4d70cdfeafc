{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['message_id']},
        {'columns': ['interaction_id']},
        {'columns': ['source_interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_chat_messages__judged', 'key': 'session_id'},
        ],
        'touched_key': 'source_interaction_id',
        'moves': ['interaction_id', 'source_interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_chat_messages__judged') }}
    {{ only_touched('session_id') }}

),

messages as (

    select * from {{ ref('stg_chat__messages') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'chat'", 'messages.message_id']) }} as message_id,
        {{ surrogate_key(["'chat'", 'messages.session_id']) }} as interaction_id,
        messages.message_id as source_record_id,
        messages.session_id as source_interaction_id,
        case when messages.sender_type_raw = 'agent' then messages.sender_id end
            as agent_id,

        -- strings
        'chat' as source_name,
        messages.sender_type_raw as sender_type,
        {{ standardise_text('messages.text_raw') }} as message_text,
        null::text as intent,
        verdicts.flags,

        -- numerics
        null::double precision as intent_confidence,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_public,
        false as is_automatic,
        false as is_fallback,

        -- timestamps
        messages.sent_at

    from verdicts
    inner join messages
        on verdicts.row_id = messages.row_id
    where verdicts.rejection_reason is null

)

select * from final
