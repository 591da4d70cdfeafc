{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_email_threads__judged', 'key': 'thread_id'},
            {'parent': 'int_email_messages__cleaned', 'key': 'source_interaction_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_email_threads__judged') }}
    {{ only_touched('thread_id') }}

),

threads as (

    select * from {{ ref('stg_email__threads') }}

),

messages as (

    select * from {{ ref('int_email_messages__cleaned') }}
    {{ only_touched('source_interaction_id') }}

),

clocks as (

    {{ conversation_clock('messages', 'source_interaction_id') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'email'", 'threads.thread_id']) }} as interaction_id,
        threads.thread_id as source_record_id,
        clocks.first_agent_id as agent_id,

        -- strings
        'email' as source_name,
        'email' as channel,
        'inbound' as direction,
        null::text as site_code,
        threads.queue_name,
        null::text as topic,
        null::text as contact_phone,
        {{ standardise_email('threads.customer_email_raw') }} as contact_email,
        threads.customer_email_raw as contact_email_raw,
        -- the name that stands before the address: Sam Brown <sam@example.org>
        {{ standardise_line(
            "substring(threads.customer_email_raw from '^[\\s\"]*([^\"<>]*[^\"<>\\s])[\\s\"]*<')"
        ) }}
            as contact_name,
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
            extract(epoch from clocks.first_reply_at - clocks.first_customer_at)
        )::integer as first_reply_seconds,
        null::integer as handoff_response_seconds,
        null::integer as handle_seconds,
        null::bigint as transfer_count,
        coalesce(clocks.message_count, 0) as message_count,
        null::bigint as reopen_count,
        null::integer as resolution_days,
        (extract(epoch from threads.solved_at - clocks.first_customer_at))::integer
            as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        clocks.first_agent_at is not null as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        threads.is_resolved,
        coalesce(threads.tag_raw = 'complaint', false) as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        coalesce(clocks.first_customer_at, threads.created_at) as started_at,
        clocks.last_public_at as ended_at,
        threads.solved_at as resolved_at,
        verdicts.first_exported_at

    from verdicts
    inner join threads
        on verdicts.row_id = threads.row_id
    left join clocks
        on threads.thread_id = clocks.source_interaction_id
    where verdicts.rejection_reason is null

)

select * from final
