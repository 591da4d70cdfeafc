{{ config(
    unique_key='ticket_stay_id',
    indexes=[
        {'columns': ['ticket_stay_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {
                'parent': 'int_ticket_changes__unioned',
                'key': 'ticket_id',
                'where': "field_name = 'status'",
            },
            {'parent': 'int_ticket_calendars__counted', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

tickets as (

    select * from {{ ref('int_tickets__unioned') }}
    {{ only_touched('ticket_id') }}

),

ticket_changes as (

    select * from {{ ref('int_ticket_changes__unioned') }}
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

changes as (

    select
        ticket_changes.ticket_id,
        ticket_changes.field_value as status,
        ticket_changes.status_category,
        ticket_changes.change_number,
        tickets.is_live,
        tickets.is_deleted,
        tickets.created_at,
        tickets.updated_at,
        -- what the source dates before the ticket began when it did
        greatest(ticket_changes.changed_at, tickets.created_at) as started_at
    from ticket_changes
    inner join tickets
        on ticket_changes.ticket_id = tickets.ticket_id
    where ticket_changes.field_name = 'status'

),

moves as (

    select
        ticket_id,
        status,
        status_category,
        change_number,
        is_live,
        is_deleted,
        updated_at,
        true as is_history_known,
        started_at
    from changes
    union all
    -- until the first change that the history knows, a ticket is new
    select
        ticket_id,
        'new' as status,
        'new' as status_category,
        0 as change_number,
        is_live,
        is_deleted,
        updated_at,
        true as is_history_known,
        created_at as started_at
    from changes
    where change_number = 1 and started_at > created_at
    union all
    -- without a history, the status of today is all there is
    select
        tickets.ticket_id,
        tickets.status,
        tickets.status_category,
        0 as change_number,
        tickets.is_live,
        tickets.is_deleted,
        tickets.updated_at,
        false as is_history_known,
        tickets.created_at as started_at
    from tickets
    where
        not exists (
            select 1 from changes
            where changes.ticket_id = tickets.ticket_id
        )

),

turns as (

    select
        *,
        status_category in ('solved', 'closed') as is_resolved,
        coalesce(
            status = lag(status) over (
                partition by ticket_id
                order by change_number asc
            ),
            false
        ) as is_repeated
    from moves

),

-- written down, so that no look-up is made twice
stays as materialized (

    select
        turns.*,
        {{ ticket_open_seconds('calendars', 'turns.started_at') }}
            as open_seconds_at_start
    from turns
    left join calendars
        on turns.ticket_id = calendars.ticket_id
    where not turns.is_repeated

),

bounded as (

    select
        *,
        row_number() over ticket as stay_number,
        lead(started_at) over ticket as next_started_at,
        lead(open_seconds_at_start) over ticket as open_seconds_at_next,
        lag(is_resolved) over ticket as was_resolved
    from stays
    window ticket as (partition by ticket_id order by change_number asc)

),

ended as (

    select
        *,
        next_started_at is null as is_last,
        -- the ticket is finished and its history does not say since when: its last
        -- known stay ends with the last sign of it
        next_started_at is null and not is_resolved and not is_live as is_cut_off,
        case
            when next_started_at is not null then next_started_at
            when is_deleted or not is_resolved and not is_live
                then greatest(updated_at, started_at)
        end as ended_at
    from bounded

),

final as (

    select

        -- ids
        ended.ticket_id || '/' || ended.stay_number as ticket_stay_id,
        ended.ticket_id,

        -- strings
        ended.status,
        ended.status_category,

        -- numerics
        ended.stay_number,
        ended.open_seconds_at_start,
        case
            when ended.is_last and ended.ended_at is null then null
            when ended.is_last
                then {{ ticket_open_seconds('calendars', 'ended.ended_at') }}
            else ended.open_seconds_at_next
        end as open_seconds_at_end,
        case
            when calendars.calendar_count = 1 then ended.open_seconds_at_start
            else
                {{ open_seconds_at(
                    'calendars.last_open_calendar_id', 'ended.started_at'
                ) }}
        end as last_calendar_seconds_at_start,
        case
            when ended.ended_at is null then null
            when calendars.calendar_count = 1 and not ended.is_last
                then ended.open_seconds_at_next
            else
                {{ open_seconds_at(
                    'calendars.last_open_calendar_id', 'ended.ended_at'
                ) }}
        end as last_calendar_seconds_at_end,
        pg_current_xact_id() as changed_xid,

        -- booleans
        ended.is_resolved,
        ended.is_resolved and not coalesce(ended.was_resolved, false)
        and ended.is_history_known as is_resolution,
        not ended.is_resolved and coalesce(ended.was_resolved, false) as is_reopening,
        ended.is_history_known,
        ended.is_last,
        ended.is_cut_off,
        ended.is_last and ended.is_live as is_running,

        -- timestamps
        ended.started_at,
        ended.ended_at

    from ended
    left join calendars
        on ended.ticket_id = calendars.ticket_id

)

select * from final
