{{ config(
    unique_key='question_id',
    indexes=[
        {'columns': ['interaction_id']},
        {'columns': ['question_line_date_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'fct_interactions',
                'key': 'interaction_id',
                'where': "channel in ("
                    ~ "select channel from [seed_channels] where channel_kind = 'bot')",
            },
            {
                'parent': 'fct_messages',
                'key': 'interaction_id',
                'where': "channel in ("
                    ~ "select channel from [seed_channels] where channel_kind = 'bot')",
            },
        ],
        'touched_key': 'interaction_id',
        'moves': ['interaction_id', 'question_line_date_id'],
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('interaction_id') }}

),

messages as (

    select * from {{ ref('fct_messages') }}
    {{ only_touched('interaction_id') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

conversations as (

    select interactions.*
    from interactions
    inner join channels
        on interactions.channel = channels.channel
    where channels.channel_kind = 'bot'

),

said as (

    select
        messages.*,
        -- a machine may answer within the second
        lag(messages.sender_type) over (
            partition by messages.interaction_id
            order by
                messages.sent_at asc,
                messages.sender_type = 'customer' desc,
                messages.message_id asc
        ) as previous_sender_type
    from messages
    where messages.is_public

),

numbered as (

    -- what a customer writes without an answer in between is one question
    select
        *,
        count(*) filter (
            where
            sender_type = 'customer'
            and previous_sender_type is distinct from 'customer'
        ) over (
            partition by interaction_id
            order by
                sent_at asc,
                sender_type = 'customer' desc,
                message_id asc
        ) as question_number
    from said

),

questions as (

    select
        interaction_id,
        question_number,
        (
            array_agg(message_id order by sent_at asc, message_id asc)
            filter (where sender_type = 'customer')
        )[1] as question_id,
        string_agg(message_text, ' ' order by sent_at asc, message_id asc)
        filter (where sender_type = 'customer') as question_text,
        count(*) filter (where sender_type = 'bot') as reply_count,
        count(*) filter (where sender_type = 'bot' and is_fallback)
            as fallback_reply_count,
        min(sent_at) filter (where sender_type = 'customer') as asked_at
    from numbered
    where question_number > 0
    group by interaction_id, question_number

),

masked as (

    -- numbers and addresses tell who asks and hide that two ask the same
    select
        *,
        regexp_replace(
            regexp_replace(question_text, '[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+', '@', 'g'),
            '[A-Za-z]{0,4}[0-9][0-9 -]*[0-9]',
            '#',
            'g'
        ) as question_pattern,
        max(question_number) over (partition by interaction_id)
            as last_question_number
    from questions

),

keyed as (

    select
        masked.*,
        conversations.channel,
        conversations.site_code,
        conversations.topic,
        conversations.is_handed_off,
        {{ text_fingerprint('masked.question_pattern') }} as question_fingerprint,
        {{ business_date('masked.asked_at') }} as asked_date
    from masked
    inner join conversations
        on masked.interaction_id = conversations.interaction_id

),

final as (

    select

        -- ids
        question_id,
        interaction_id,
        {{ surrogate_key([
            'asked_date', 'channel', 'site_code', 'topic', 'question_fingerprint'
        ]) }}
            as question_line_date_id,

        -- strings
        channel,
        site_code,
        topic,
        question_text,
        question_pattern,
        question_fingerprint,
        case
            when reply_count = 0 then 'no_answer'
            when reply_count = fallback_reply_count then 'fallback'
        end as unresolved_reason,

        -- numerics
        question_number,
        reply_count,
        fallback_reply_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        reply_count = fallback_reply_count as is_unresolved,
        is_handed_off and question_number = last_question_number
            as is_last_before_handoff,

        -- dates
        asked_date,

        -- timestamps
        asked_at

    from keyed

)

select * from final
