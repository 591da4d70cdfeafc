{% set of_bots =
    "channel in (select channel from [seed_channels] where channel_kind = 'bot')"
%}

{{ config(
    unique_key='interaction_id',
    indexes=[
        {'columns': ['customer_id', 'started_at']},
        {'columns': ['bot_line_date_id']},
        {'columns': ['started_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'fct_interactions',
                'key': 'interaction_id',
                'where': of_bots,
            },
            {'parent': 'fct_messages', 'key': 'interaction_id', 'where': of_bots},
            {
                'parent': 'fct_contact_chains',
                'key': 'interaction_id',
                'where': of_bots,
            },
            {'parent': 'fct_bot_questions', 'key': 'interaction_id'},
        ],
        'moves': ['bot_line_date_id'],
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

questions as (

    select * from {{ ref('fct_bot_questions') }}
    {{ only_touched('interaction_id') }}

),

chains as (

    select * from {{ ref('fct_contact_chains') }}
    {{ only_touched('interaction_id') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

written as (

    select
        interaction_id,
        count(*) filter (where sender_type = 'agent' and is_public)
            as human_message_count,
        count(*) filter (where sender_type = 'bot') as bot_message_count
    from messages
    group by interaction_id

),

asked as (

    select
        interaction_id,
        count(*) as question_count,
        count(*) filter (where is_unresolved) as unresolved_question_count
    from questions
    group by interaction_id

),

joined as (

    select
        interactions.interaction_id,
        chains.customer_id,
        interactions.channel,
        interactions.site_code,
        interactions.topic,
        chains.next_interaction_id,
        chains.next_channel,
        chains.seconds_to_next,
        coalesce(written.human_message_count, 0) as human_message_count,
        coalesce(written.bot_message_count, 0) as bot_message_count,
        coalesce(asked.question_count, 0) as question_count,
        coalesce(asked.unresolved_question_count, 0) as unresolved_question_count,
        not interactions.is_handed_off
        and coalesce(written.human_message_count, 0) = 0 as is_contained,
        interactions.is_handed_off,
        interactions.is_handled,
        interactions.is_resolution_known,
        interactions.is_resolved,
        coalesce(chains.is_mature_24h, false) as is_mature_24h,
        chains.is_repeated_24h,
        interactions.started_date,
        interactions.started_at,
        interactions.ended_at
    from interactions
    inner join channels
        on interactions.channel = channels.channel
    left join chains
        on interactions.interaction_id = chains.interaction_id
    left join written
        on interactions.interaction_id = written.interaction_id
    left join asked
        on interactions.interaction_id = asked.interaction_id
    where channels.channel_kind = 'bot'

),

final as (

    select

        -- ids
        interaction_id,
        customer_id,
        next_interaction_id,
        {{ surrogate_key(['started_date', 'channel', 'site_code', 'topic']) }}
            as bot_line_date_id,

        -- strings
        channel,
        site_code,
        topic,
        next_channel,
        case
            when not is_contained then 'not_contained'
            when started_at is null then 'source_has_no_times'
            when customer_id is null then 'customer_not_known'
            when not is_mature_24h then 'immature'
        end as falsely_contained_reason,

        -- numerics
        human_message_count,
        bot_message_count,
        question_count,
        unresolved_question_count,
        seconds_to_next,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_contained,
        is_handed_off,
        is_handled as is_finished,
        is_resolution_known,
        is_resolved,
        is_mature_24h,
        case when is_contained and is_mature_24h then is_repeated_24h end
            as is_falsely_contained,

        -- dates
        started_date,

        -- timestamps
        started_at,
        ended_at

    from joined

)

select * from final
