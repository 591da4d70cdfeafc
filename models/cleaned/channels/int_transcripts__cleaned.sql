{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_transcript_turns__cleaned', 'key': 'source_interaction_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

turns as (

    select * from {{ ref('int_transcript_turns__cleaned') }}
    {{ only_touched('source_interaction_id') }}

),

conversations as (

    select
        source_interaction_id,
        min(domain_name) as domain_name,
        count(*) as message_count
    from turns
    group by source_interaction_id

),

final as (

    select

            -- ids
        {{ surrogate_key([
            "'chat_transcripts'", 'conversations.source_interaction_id',
        ]) }}
            as interaction_id,
        conversations.source_interaction_id as source_record_id,
        null::text as agent_id,

        -- strings
        'chat_transcripts' as source_name,
        'web_chat' as channel,
        'inbound' as direction,
        null::text as site_code,
        conversations.domain_name as queue_name,
        null::text as topic,
        null::text as contact_phone,
        null::text as contact_email,
        null::text as flags,

        -- numerics
        null::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        null::integer as after_work_seconds,
        null::integer as first_response_seconds,
        null::integer as first_reply_seconds,
        null::integer as handoff_response_seconds,
        null::integer as handle_seconds,
        null::bigint as transfer_count,
        conversations.message_count,
        null::bigint as reopen_count,
        null::integer as resolution_days,
        null::integer as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        false as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        null::boolean as is_resolved,
        false as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        null::timestamptz as started_at,
        null::timestamptz as ended_at,
        null::timestamptz as resolved_at,
        null::timestamptz as first_exported_at

    from conversations

)

select * from final
