{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {'parent': 'int_ticket_messages__unioned', 'key': 'ticket_id'},
            {
                'parent': 'int_ticket_stays__counted',
                'key': 'ticket_id',
                'where': 'is_resolution',
            },
        ],
        'touched_key': 'ticket_id',
        'moves': ['interaction_id'],
    }
) }}

with

tickets as (

    select * from {{ ref('int_tickets__unioned') }}
    {{ only_touched('ticket_id') }}

),

messages as (

    select * from {{ ref('int_ticket_messages__unioned') }}
    {{ only_touched('ticket_id') }}

),

stays as (

    select * from {{ ref('int_ticket_stays__counted') }}
    {{ only_touched('ticket_id') }}

),

unlinked as (

    -- a ticket that follows a contact of another channel is no further contact, and a
    -- deleted one is none at all
    select * from tickets
    where interaction_id is null and not is_deleted

),

resolutions as (

    select
        ticket_id,
        row_number() over (partition by ticket_id order by started_at asc)
            as resolution_number,
        started_at as resolved_at
    from stays
    where is_resolution

),

spoken as (

    select
        ticket_id,
        contact_number,
        min(counted_at) filter (where is_customer_public) as first_customer_at,
        min(counted_at) filter (where is_reply) as first_reply_at,
        (
            array_agg(author_id order by message_number asc)
            filter (where is_reply)
        )[1] as first_agent_id,
        max(counted_at) filter (where is_public) as last_public_at,
        count(*) as message_count
    from messages
    group by ticket_id, contact_number

),

contacts as (

    select
        unlinked.ticket_id,
        0 as contact_number
    from unlinked
    union
    select
        spoken.ticket_id,
        spoken.contact_number
    from spoken
    inner join unlinked
        on spoken.ticket_id = unlinked.ticket_id

),

timed as (

    select
        contacts.*,
        spoken.first_agent_id,
        coalesce(spoken.message_count, 0) as message_count,
        spoken.first_reply_at,
        spoken.last_public_at,
        resolutions.resolved_at,
        -- what an agent opens nobody asked for
        contacts.contact_number > 0 or not unlinked.is_opened_by_agent as is_asked,
        case
            when contacts.contact_number = 0 then unlinked.created_at
            else spoken.first_customer_at
        end as started_at
    from contacts
    inner join unlinked
        on contacts.ticket_id = unlinked.ticket_id
    left join spoken
        on
            contacts.ticket_id = spoken.ticket_id
            and contacts.contact_number = spoken.contact_number
    left join resolutions
        on
            contacts.ticket_id = resolutions.ticket_id
            and contacts.contact_number + 1 = resolutions.resolution_number

),

final as (

    select

        -- ids
        {{ ticket_contact_id('timed.ticket_id', 'timed.contact_number') }}
            as interaction_id,
        timed.ticket_id || '/' || timed.contact_number as source_record_id,
        timed.ticket_id,
        timed.first_agent_id as agent_id,

        -- strings
        unlinked.source_name,
        unlinked.channel,
        case when timed.is_asked then 'inbound' else 'outbound' end as direction,
        null::text as site_code,
        unlinked.queue_name,
        unlinked.topic,
        null::text as contact_phone,
        null::text as contact_email,
        null::text as flags,

        -- numerics
        null::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        null::integer as after_work_seconds,
        case
            when timed.is_asked
                then {{ seconds_between('timed.started_at', 'timed.first_reply_at') }}
        end::integer as first_response_seconds,
        case
            when timed.is_asked
                then {{ seconds_between('timed.started_at', 'timed.first_reply_at') }}
        end::integer as first_reply_seconds,
        null::integer as handoff_response_seconds,
        null::integer as handle_seconds,
        null::bigint as transfer_count,
        timed.message_count,
        null::integer as reopen_count,
        null::integer as resolution_days,
        {{ seconds_between('timed.started_at', 'timed.resolved_at') }}::integer
            as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        timed.is_asked as is_offered,
        timed.is_asked and timed.first_reply_at is not null as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        timed.resolved_at is not null as is_resolved,
        {{ has_flag('unlinked.tags', 'complaint') }}
            as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        timed.started_at,
        coalesce(timed.last_public_at, timed.started_at) as ended_at,
        timed.resolved_at,
        null::timestamptz as first_exported_at

    from timed
    inner join unlinked
        on timed.ticket_id = unlinked.ticket_id

)

select * from final
