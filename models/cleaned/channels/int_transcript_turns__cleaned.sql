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
            {'parent': 'int_transcript_turns__judged', 'key': 'conversation_id'},
        ],
        'touched_key': 'source_interaction_id',
        'moves': ['interaction_id', 'source_interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_transcript_turns__judged') }}
    {{ only_touched('conversation_id') }}

),

turns as (

    select * from {{ ref('stg_chat_transcripts__turns') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'chat_transcripts'", 'turns.message_id']) }} as message_id,
        {{ surrogate_key(["'chat_transcripts'", 'turns.conversation_id']) }}
            as interaction_id,
        turns.message_id as source_record_id,
        turns.conversation_id as source_interaction_id,
        null::text as agent_id,

        -- strings
        'chat_transcripts' as source_name,
        'customer' as sender_type,
        {{ standardise_text('turns.text_raw') }} as message_text,
        replace(turns.intents_raw, '<div>', ' ') as intent,
        verdicts.flags,
        turns.domain_name,

        -- numerics
        turns.turn_number,
        null::double precision as intent_confidence,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_public,
        false as is_automatic,
        false as is_fallback,

        -- timestamps
        null::timestamptz as sent_at

    from verdicts
    inner join turns
        on verdicts.row_id = turns.row_id
    where verdicts.rejection_reason is null

)

select * from final
