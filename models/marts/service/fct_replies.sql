{{ config(
    unique_key='reply_id',
    indexes=[
        {'columns': ['ticket_id']},
        {'columns': ['agent_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_ticket_messages__unioned', 'key': 'ticket_id'},
            {'parent': 'int_ticket_calendars__counted', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

messages as (

    select * from {{ ref('int_ticket_messages__unioned') }}
    {{ only_touched('ticket_id') }}

),

ticket_calendars as (

    select * from {{ ref('int_ticket_calendars__counted') }}
    {{ only_touched('ticket_id') }}

),

calendars as (

    select * from ticket_calendars
    where stay_number = 1

),

-- written down, so that no look-up is made twice
looked_up as materialized (

    select
        messages.message_id,
        messages.ticket_id,
        messages.author_id,
        messages.source_name,
        messages.sender_type,
        messages.reply_count_before,
        messages.waiting_since,
        messages.counted_at,
        {{ ticket_open_seconds('calendars', 'messages.waiting_since') }}
            as open_seconds_at_start,
        {{ ticket_open_seconds('calendars', 'messages.counted_at') }}
            as open_seconds_at_end
    from messages
    left join calendars
        on messages.ticket_id = calendars.ticket_id
    where messages.is_reply and messages.is_ticket_known

),

timed as (

    select
        *,
        {{ seconds_between('waiting_since', 'counted_at') }} as reply_seconds,
        {{ open_seconds_between('open_seconds_at_start', 'open_seconds_at_end') }}
            as reply_business_seconds
    from looked_up

),

final as (

    select

        -- ids
        timed.message_id as reply_id,
        timed.ticket_id,
        timed.author_id as agent_id,

        -- strings
        timed.source_name,
        timed.sender_type as responder_role,
        case
            when timed.waiting_since is null then 'nothing_to_answer'
        end as reply_reason,
        case
            when timed.waiting_since is null then 'nothing_to_answer'
            when timed.reply_business_seconds is null then 'no_calendar'
        end as business_reason,

        -- numerics
        timed.reply_count_before + 1 as reply_number,
        timed.reply_seconds,
        timed.reply_business_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        timed.reply_count_before = 0 as is_first_reply,

        -- timestamps
        timed.waiting_since,
        timed.counted_at as replied_at

    from timed

)

select * from final
