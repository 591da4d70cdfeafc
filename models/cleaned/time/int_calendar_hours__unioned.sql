{{ config(
    unique_key='calendar_hour_id',
    indexes=[
        {'columns': ['calendar_hour_id'], 'unique': true},
        {'columns': ['calendar_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'seed_calendars', 'key': 'calendar_id', 'always': true},
            {'parent': 'stg_zendesk__schedules', 'key': 'calendar_id', 'always': true},
            {
                'parent': 'int_calendar_hours__unioned',
                'key': 'calendar_id',
                'always': true,
            },
        ],
        'touched_key': 'calendar_id',
        'moves': ['calendar_id'],
    }
) }}

with

-- so few that every build reads them all and writes those that changed
seed_hours as (

    select * from {{ ref('seed_calendar_hours') }}

),

schedules as (

    select * from {{ ref('stg_zendesk__schedules') }}

),

clocked as (

    select
        calendar_id,
        weekday_number % 7 * 1440 as midnight_minute,
        {{ minute_of_day('opens_at') }} as opening_minute,
        {{ minute_of_day('closes_at') }} as closing_minute,
        valid_from_date,
        valid_to_date
    from seed_hours

),

unioned as (

    select
        calendar_id,
        midnight_minute + opening_minute as start_minute,
        midnight_minute + closing_minute as end_minute,
        valid_from_date,
        valid_to_date
    from clocked
    -- the same hours twice are the same hours
    union
    select
        calendar_id,
        start_minute::integer as start_minute,
        end_minute::integer as end_minute,
        null::date as valid_from_date,
        null::date as valid_to_date
    from schedules
    where
        not is_deleted
        -- a schedule that was given no hours at all has a row without them
        and (start_minute is not null or end_minute is not null)

),

final as (

    select

        -- ids
        {{ surrogate_key([
            'calendar_id', 'start_minute', 'end_minute', 'valid_from_date',
            'valid_to_date',
        ]) }} as calendar_hour_id,
        calendar_id,

        -- strings
        case
            when
                end_minute <= start_minute or valid_to_date < valid_from_date
                then 'interval_end_before_start'
            when start_minute >= 0 and end_minute <= 10080 then null
            else 'interval_unreadable'
        end as problem,

        -- numerics
        start_minute,
        end_minute,
        pg_current_xact_id() as changed_xid,

        -- dates
        valid_from_date,
        valid_to_date

    from unioned

)

select * from final
