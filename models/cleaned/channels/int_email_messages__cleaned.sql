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
            {'parent': 'int_email_messages__judged', 'key': 'thread_id'},
        ],
        'touched_key': 'source_interaction_id',
        'moves': ['interaction_id', 'source_interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_email_messages__judged') }}
    {{ only_touched('thread_id') }}

),

messages as (

    select * from {{ ref('stg_email__messages') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'email'", 'messages.message_id']) }} as message_id,
        {{ surrogate_key(["'email'", 'messages.thread_id']) }} as interaction_id,
        messages.message_id as source_record_id,
        messages.thread_id as source_interaction_id,
        messages.agent_id,

        -- strings
        'email' as source_name,
        case
            when messages.direction_raw = 'inbound' then 'customer'
            when messages.agent_id is not null then 'agent'
            else 'system'
        end as sender_type,
        {{ standardise_text('messages.text_raw') }} as message_text,
        null::text as intent,
        verdicts.flags,

        -- numerics
        null::double precision as intent_confidence,
        pg_current_xact_id() as changed_xid,

        -- booleans
        not coalesce(messages.is_internal_note, false) as is_public,
        coalesce(messages.is_auto_reply, false) as is_automatic,
        false as is_fallback,

        -- timestamps
        messages.sent_at

    from verdicts
    inner join messages
        on verdicts.row_id = messages.row_id
    where verdicts.rejection_reason is null

)

select * from final
