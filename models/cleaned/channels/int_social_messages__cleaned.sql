{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['message_id']},
        {'columns': ['interaction_id']},
        {'columns': ['source_interaction_id']},
        {'columns': ['handle_raw']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_social_messages__judged', 'key': 'handle_raw'},
        ],
        'touched_key': 'handle_raw',
        'moves': ['interaction_id', 'source_interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_social_messages__judged') }}
    {{ only_touched('handle_raw') }}

),

messages as (

    select * from {{ ref('stg_social__messages') }}

),

kept as (

    select
        messages.*,
        verdicts.flags,
        verdicts.first_exported_at,
        lag(messages.sent_at) over in_order as previous_sent_at
    from verdicts
    inner join messages
        on verdicts.row_id = messages.row_id
    where verdicts.rejection_reason is null
    window in_order as (
        partition by
            messages.platform_code, messages.conversation_id, messages.handle_raw
        order by messages.sent_at asc, messages.message_id asc
    )

),

numbered as (

    -- a silence longer than the gap ends one contact and starts the next
    select
        *,
        count(*) filter (
            where
            previous_sent_at is null
            or sent_at - previous_sent_at
            > interval '{{ var("contact_gap_seconds") }} seconds'
        ) over (
            partition by platform_code, conversation_id, handle_raw
            order by sent_at asc, message_id asc
        ) as contact_number
    from kept

),

cut as (

    select
        *,
        first_value(message_id) over (
            partition by platform_code, conversation_id, handle_raw, contact_number
            order by sent_at asc, message_id asc
        ) as first_message_id
    from numbered

),

final as (

    select

        -- ids
        {{ surrogate_key(["'social'", 'message_id']) }} as message_id,
        {{ surrogate_key(["'social'", 'first_message_id']) }} as interaction_id,
        message_id as source_record_id,
        first_message_id as source_interaction_id,
        case when direction_raw = 'out' then agent_id end as agent_id,
        conversation_id,

        -- strings
        'social' as source_name,
        case
            when direction_raw = 'in' then 'customer'
            when agent_id is not null then 'agent'
            else 'bot'
        end as sender_type,
        {{ standardise_text('text_raw') }} as message_text,
        null::text as intent,
        flags,
        tag_raw as tag,
        platform_code,
        handle_raw,
        display_name_raw,

        -- numerics
        null::double precision as intent_confidence,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_public,
        false as is_automatic,
        false as is_fallback,

        -- timestamps
        sent_at,
        first_exported_at

    from cut

)

select * from final
