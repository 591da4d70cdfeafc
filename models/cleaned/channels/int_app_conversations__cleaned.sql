{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_app_conversations__judged', 'key': 'conversation_id'},
            {'parent': 'int_app_messages__cleaned', 'key': 'source_interaction_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_app_conversations__judged') }}
    {{ only_touched('conversation_id') }}

),

conversations as (

    select * from {{ ref('stg_app__conversations') }}

),

messages as (

    select * from {{ ref('int_app_messages__cleaned') }}
    {{ only_touched('source_interaction_id') }}

),

clocks as (

    {{ conversation_clock('messages', 'source_interaction_id') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'app'", 'conversations.conversation_id']) }}
            as interaction_id,
        conversations.conversation_id as source_record_id,
        conversations.agent_id,
        conversations.account_id,
        conversations.device_id,

        -- strings
        'app' as source_name,
        'app' as channel,
        'inbound' as direction,
        null::text as site_code,
        conversations.queue_name,
        conversations.topic_raw as topic,
        {{ standardise_phone(
            'conversations.phone_raw', phone_region('conversations.queue_name')
        ) }}
            as contact_phone,
        conversations.phone_raw as contact_phone_raw,
        null::text as contact_email,
        verdicts.flags,

        -- numerics
        null::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        null::integer as after_work_seconds,
        (
            extract(epoch from clocks.first_human_reply_at - clocks.first_customer_at)
        )::integer as first_response_seconds,
        (
            extract(epoch from clocks.first_reply_at - conversations.started_at)
        )::integer as first_reply_seconds,
        null::integer as handoff_response_seconds,
        (extract(epoch from conversations.ended_at - clocks.first_agent_at))::integer
            as handle_seconds,
        null::bigint as transfer_count,
        coalesce(clocks.message_count, 0) as message_count,
        null::bigint as reopen_count,
        null::integer as resolution_days,
        (case
            when conversations.is_resolved
                then extract(
                        epoch from conversations.ended_at - conversations.started_at
                    )
        end)::integer as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        clocks.first_agent_at is not null as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        conversations.is_resolved,
        coalesce(conversations.tag_raw = 'complaint', false) as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        conversations.started_at,
        conversations.ended_at,
        case when conversations.is_resolved then conversations.ended_at end
            as resolved_at,
        verdicts.first_exported_at

    from verdicts
    inner join conversations
        on verdicts.row_id = conversations.row_id
    left join clocks
        on conversations.conversation_id = clocks.source_interaction_id
    where verdicts.rejection_reason is null

)

select * from final
