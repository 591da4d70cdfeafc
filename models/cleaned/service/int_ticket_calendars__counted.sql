{{ config(
    unique_key='ticket_calendar_id',
    indexes=[
        {'columns': ['ticket_calendar_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['calendar_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {'parent': 'stg_zendesk__ticket_schedules', 'key': 'ticket_id'},
            {
                'parent': 'int_calendars__unioned',
                'key': 'calendar_id',
                'via': {
                    'model': 'int_ticket_calendars__counted',
                    'column': 'calendar_id',
                    'key': 'ticket_id',
                },
            },
            {
                'parent': 'int_calendars__unioned',
                'key': "source_name || '/none'",
                'via': {
                    'model': 'int_ticket_calendars__counted',
                    'column': 'calendar_id',
                    'key': 'ticket_id',
                },
            },
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

tickets as (

    select * from {{ ref('int_tickets__unioned') }}
    {{ only_touched('ticket_id') }}

),

ticket_schedules as (

    select * from {{ ref('stg_zendesk__ticket_schedules') }}
    {{ only_touched('ticket_id') }}

),

calendars as (

    select * from {{ ref('int_calendars__unioned') }}

),

queue_calendars as (

    select * from {{ ref('seed_queue_calendars') }}

),

stated as (

    -- what the source says of the ticket itself
    select
        ticket_schedules.ticket_id,
        ticket_schedules.calendar_id,
        ticket_schedules.applied_at as stated_at
    from ticket_schedules
    inner join calendars
        on ticket_schedules.calendar_id = calendars.calendar_id
    where not ticket_schedules.is_deleted

),

chosen as (

    select
        tickets.ticket_id,
        coalesce(
            stated.calendar_id,
            queue_calendar.calendar_id,
            source_calendar.calendar_id,
            default_calendar.calendar_id,
            -- found again by when the source gets its first calendar
            tickets.source_name || '/none'
        ) as calendar_id,
        stated.stated_at
    from tickets
    left join stated
        on tickets.ticket_id = stated.ticket_id
    left join queue_calendars as queue_calendar
        on
            tickets.source_name = queue_calendar.source_name
            and tickets.queue_name = queue_calendar.queue_name
    left join queue_calendars as source_calendar
        on
            tickets.source_name = source_calendar.source_name
            and source_calendar.queue_name = '*'
    left join calendars as default_calendar
        on
            tickets.source_name = default_calendar.source_name
            and default_calendar.is_default

),

joined as (

    select
        chosen.*,
        calendars.problem is null and calendars.calendar_id is not null
            as is_usable,
        calendars.fingerprint
    from chosen
    left join calendars
        on chosen.calendar_id = calendars.calendar_id

),

ordered as (

    select
        *,
        row_number() over ticket as stay_number,
        lead(stated_at) over ticket as next_stated_at,
        lag(calendar_id) over ticket as previous_calendar_id,
        last_value(calendar_id) over (
            partition by ticket_id
            order by stated_at asc, calendar_id asc
            rows between unbounded preceding and unbounded following
        ) as last_calendar_id,
        count(*) over (partition by ticket_id) as calendar_count,
        last_value(is_usable) over (
            partition by ticket_id
            order by stated_at asc, calendar_id asc
            rows between unbounded preceding and unbounded following
        ) as is_last_usable
    from joined
    window ticket as (partition by ticket_id order by stated_at asc, calendar_id asc)

),

continued as (

    -- makes the count of open seconds of one calendar go on where the last one's
    -- stopped, so that any two moments of the ticket's life can be subtracted; what was
    -- not counted between them shows as a leap
    select
        *,
        case
            when stay_number = 1 then 0
            else
                coalesce(
                    {{ open_seconds_at('previous_calendar_id', 'stated_at') }}
                    - {{ open_seconds_at('calendar_id', 'stated_at') }},
                    0
                )
        end
        + case when is_usable then 0 else {{ uncounted_leap() }} end as offset_change
    from ordered

),

final as (

    select

        -- ids
        ticket_id || '/' || stay_number as ticket_calendar_id,
        ticket_id,
        -- what a calendar without open time counts is not known
        case when is_usable then calendar_id end as open_calendar_id,
        case when is_last_usable then last_calendar_id end as last_open_calendar_id,
        calendar_id,

        -- strings
        -- wakes what counts with the calendar when its hours change
        fingerprint as calendar_fingerprint,

        -- numerics
        calendar_count,
        stay_number,
        sum(offset_change) over (
            partition by ticket_id
            order by stay_number asc
            rows between unbounded preceding and current row
        )::bigint as offset_seconds,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        case when stay_number > 1 then stated_at end as valid_from,
        next_stated_at as valid_to

    from continued

)

select * from final
