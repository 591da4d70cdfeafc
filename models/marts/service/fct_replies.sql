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
    where valid_from = '-infinity'

),

final as (

    select

        -- ids
        messages.message_id as reply_id,
        messages.ticket_id,
        messages.author_id as agent_id,

        -- strings
        messages.source_name,
        messages.sender_type as responder_role,
        case
            when messages.waiting_since is null then 'nothing_to_answer'
        end as reply_reason,
        case
            when messages.waiting_since is null then 'nothing_to_answer'
            when calendars.open_calendar_id is null then 'no_calendar'
        end as business_reason,

        -- numerics
        messages.reply_count_before + 1 as reply_number,
        {{ seconds_between('messages.waiting_since', 'messages.counted_at') }}
            as reply_seconds,
        {{ ticket_open_seconds('calendars', 'messages.counted_at') }}
        - {{ ticket_open_seconds('calendars', 'messages.waiting_since') }}
            as reply_business_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        messages.reply_count_before = 0 as is_first_reply,

        -- timestamps
        messages.waiting_since,
        messages.counted_at as replied_at

    from messages
    left join calendars
        on messages.ticket_id = calendars.ticket_id
    where messages.is_reply and messages.is_ticket_known

)

select * from final
