{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_chat_sessions__judged', 'key': 'session_id'},
            {'parent': 'int_chat_messages__cleaned', 'key': 'source_interaction_id'},
            {'parent': 'stg_bot__sessions', 'key': 'handoff_session_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_chat_sessions__judged') }}
    {{ only_touched('session_id') }}

),

sessions as (

    select * from {{ ref('stg_chat__sessions') }}

),

messages as (

    select * from {{ ref('int_chat_messages__cleaned') }}
    {{ only_touched('source_interaction_id') }}

),

clocks as (

    {{ conversation_clock('messages', 'source_interaction_id') }}

),

-- imported anew: read twice, an import would be written down whole
handed_over as (

    select * from {{ ref('stg_chat__sessions') }}
    {{ only_touched('session_id') }}

),

bot_sessions as (

    select * from {{ ref('stg_bot__sessions') }}

),

hand_offs as (

    -- the conversation that a bot gave up before the customer waited here
    select
        handed_over.session_id,
        max(bot_sessions.handed_off_at) as handed_off_at
    from handed_over
    inner join bot_sessions
        on handed_over.from_bot_session_id = bot_sessions.session_id
    group by handed_over.session_id

),

final as (

    select

        -- ids
        {{ surrogate_key(["'chat'", 'sessions.session_id']) }} as interaction_id,
        sessions.session_id as source_record_id,
        sessions.agent_id,
        sessions.visitor_id,
        sessions.crm_customer_id,

        -- strings
        'chat' as source_name,
        'web_chat' as channel,
        'inbound' as direction,
        sessions.site_code,
        sessions.queue_name,
        sessions.topic_raw as topic,
        {{ standardise_phone(
            'sessions.phone_raw', phone_region('sessions.site_code')
        ) }}
            as contact_phone,
        sessions.phone_raw as contact_phone_raw,
        {{ standardise_email('sessions.email_raw') }} as contact_email,
        sessions.email_raw as contact_email_raw,
        verdicts.flags,
        {{ standardise_text('sessions.visitor_name_raw') }} as visitor_name,

        -- numerics
        (extract(
            epoch from
            coalesce(clocks.first_agent_at, sessions.ended_at) - sessions.queued_at
        ))::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        sessions.after_work_seconds::integer as after_work_seconds,
        (extract(epoch from clocks.first_agent_at - sessions.queued_at))::integer
            as first_response_seconds,
        (extract(epoch from clocks.first_reply_at - sessions.started_at))::integer
            as first_reply_seconds,
        (extract(epoch from clocks.first_agent_at - hand_offs.handed_off_at))::integer
            as handoff_response_seconds,
        (
            extract(epoch from sessions.ended_at - clocks.first_agent_at)
            + coalesce(sessions.after_work_seconds, 0)
        )::integer as handle_seconds,
        null::bigint as transfer_count,
        coalesce(clocks.message_count, 0) as message_count,
        null::bigint as reopen_count,
        null::integer as resolution_days,
        (case
            when sessions.is_resolved
                then extract(epoch from sessions.ended_at - sessions.started_at)
        end)::integer as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        clocks.first_agent_at is not null as is_handled,
        coalesce(sessions.status_raw = 'abandoned', false)
        and clocks.first_agent_at is null as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        sessions.is_resolved,
        coalesce(sessions.tag_raw = 'complaint', false) as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        sessions.started_at,
        sessions.ended_at,
        case when sessions.is_resolved then sessions.ended_at end as resolved_at,
        verdicts.first_exported_at

    from verdicts
    inner join sessions
        on verdicts.row_id = sessions.row_id
    left join clocks
        on sessions.session_id = clocks.source_interaction_id
    left join hand_offs
        on sessions.session_id = hand_offs.session_id
    where verdicts.rejection_reason is null

)

select * from final
