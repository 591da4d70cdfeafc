{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_social_messages__cleaned', 'key': 'source_interaction_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

messages as (

    select * from {{ ref('int_social_messages__cleaned') }}
    {{ only_touched('source_interaction_id') }}

),

-- imported anew: read twice, an import would be written down whole
described_messages as (

    select * from {{ ref('int_social_messages__cleaned') }}
    {{ only_touched('source_interaction_id') }}

),

clocks as (

    {{ conversation_clock('messages', 'source_interaction_id') }}

),

contacts as (

    select
        source_interaction_id,
        max(conversation_id) as conversation_id,
        max(platform_code) as platform_code,
        max(handle_raw) as handle_raw,
        (
            array_agg(display_name_raw order by sent_at desc, message_id desc)
            filter (where sender_type = 'customer' and display_name_raw is not null)
        )[1] as display_name_raw,
        min(first_exported_at) as first_exported_at,
        coalesce(bool_or(tag = 'complaint'), false) as is_complaint,
        coalesce(
            bool_or({{ has_flag('flags', 'late_arrival') }}), false
        ) as is_late_arrival
    from described_messages
    group by source_interaction_id

),

final as (

    select

        -- ids
        {{ surrogate_key(["'social'", 'contacts.source_interaction_id']) }}
            as interaction_id,
        contacts.source_interaction_id as source_record_id,
        clocks.first_agent_id as agent_id,
        contacts.conversation_id,

        -- strings
        'social' as source_name,
        'social' as channel,
        'inbound' as direction,
        null::text as site_code,
        null::text as queue_name,
        null::text as topic,
        null::text as contact_phone,
        null::text as contact_email,
        case when contacts.is_late_arrival then 'late_arrival' end as flags,
        contacts.platform_code,
        contacts.handle_raw,
        {{ standardise_line('contacts.display_name_raw') }} as display_name,

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
        clocks.message_count,
        null::bigint as reopen_count,
        null::integer as resolution_days,
        null::integer as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        clocks.first_agent_at is not null as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        null::boolean as is_resolved,
        contacts.is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        clocks.first_message_at as started_at,
        clocks.last_public_at as ended_at,
        null::timestamptz as resolved_at,
        contacts.first_exported_at

    from contacts
    inner join clocks
        on contacts.source_interaction_id = clocks.source_interaction_id

)

select * from final
