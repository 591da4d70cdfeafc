{{ config(
    unique_key='ticket_status_span_id',
    indexes=[
        {'columns': ['ticket_id']},
        {'columns': ['is_running']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_ticket_stays__counted', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
        'running': 'is_running',
        'quiet': [
            'span_seconds',
            'span_business_seconds',
            'span_last_calendar_business_seconds',
        ],
    }
) }}

with

stays as (

    select * from {{ ref('int_ticket_stays__counted') }}
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

timed as (

    select
        *,
        case
            -- a source whose clock is ahead of ours
            when is_running then greatest({{ as_of() }}, started_at)
            else ended_at
        end as counted_until
    from stays

),

counted as (

    select
        timed.*,
        case
            when timed.is_running
                then {{ ticket_open_seconds('calendars', 'timed.counted_until') }}
            else timed.open_seconds_at_end
        end as open_seconds_until,
        case
            when timed.is_running
                then
                    {{ open_seconds_at(
                        'calendars.last_open_calendar_id', 'timed.counted_until'
                    ) }}
            else timed.last_calendar_seconds_at_end
        end as last_calendar_seconds_until
    from timed
    left join calendars
        on timed.ticket_id = calendars.ticket_id

),

final as (

    select

        -- ids
        ticket_stay_id as ticket_status_span_id,
        ticket_id,

        -- strings
        status,
        status_category,
        case
            when status_category in ('new', 'open', 'hold') then 'requester'
            when status_category = 'pending' then 'agent'
            else 'nobody'
        end as waiting_side,

        -- numerics
        stay_number as span_number,
        {{ seconds_between('started_at', 'counted_until') }} as span_seconds,
        {{ open_seconds_between('open_seconds_at_start', 'open_seconds_until') }}
            as span_business_seconds,
        last_calendar_seconds_until - last_calendar_seconds_at_start
            as span_last_calendar_business_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_resolution,
        is_reopening,
        is_history_known,
        is_cut_off,
        is_last and ended_at is null as is_current,
        is_running,

        -- timestamps
        started_at,
        ended_at

    from counted

)

select * from final
