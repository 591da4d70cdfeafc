{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_bot_sessions__judged', 'key': 'session_id'},
            {'parent': 'int_bot_messages__cleaned', 'key': 'source_interaction_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_bot_sessions__judged') }}
    {{ only_touched('session_id') }}

),

sessions as (

    select * from {{ ref('stg_bot__sessions') }}

),

messages as (

    select * from {{ ref('int_bot_messages__cleaned') }}
    {{ only_touched('source_interaction_id') }}

),

clocks as (

    {{ conversation_clock('messages', 'source_interaction_id') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'bot'", 'sessions.session_id']) }} as interaction_id,
        sessions.session_id as source_record_id,
        null::text as agent_id,
        sessions.visitor_id,
        sessions.account_id,
        sessions.openid,
        sessions.handoff_session_id,

        -- strings
        'bot' as source_name,
        'bot' as channel,
        'inbound' as direction,
        sessions.site_code,
        null::text as queue_name,
        sessions.intent as topic,
        null::text as contact_phone,
        null::text as contact_email,
        verdicts.flags,
        sessions.language_code,

        -- numerics
        null::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        null::integer as after_work_seconds,
        null::integer as first_response_seconds,
        (extract(epoch from clocks.first_reply_at - sessions.started_at))::integer
            as first_reply_seconds,
        null::integer as handoff_response_seconds,
        null::integer as handle_seconds,
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
        coalesce(sessions.status_raw = 'contained', false) as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        coalesce(sessions.status_raw = 'handed_off', false) as is_handed_off,
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
    where verdicts.rejection_reason is null

)

select * from final
