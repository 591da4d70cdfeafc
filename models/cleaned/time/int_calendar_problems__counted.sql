{{ config(
    unique_key='calendar_problem_id',
    indexes=[
        {'columns': ['calendar_problem_id'], 'unique': true},
        {'columns': ['source_name']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_calendars__unioned', 'key': 'source_name', 'always': true},
            {
                'parent': 'int_calendar_problems__counted',
                'key': 'source_name',
                'always': true,
            },
        ],
        'touched_key': 'source_name',
    }
) }}

with

calendars as (

    select * from {{ ref('int_calendars__unioned') }}

),

hours as (

    select * from {{ ref('int_calendar_hours__unioned') }}

),

later_hours as (

    select * from {{ ref('int_calendar_hours__unioned') }}

),

days as (

    select * from {{ ref('int_calendar_days__unioned') }}

),

defaults as (

    select
        source_name,
        bool_or(is_default) as has_default
    from calendars
    group by source_name

),

found as (

    select
        calendar_id,
        'unknown_zone' as problem,
        coalesce(time_zone_raw, '-') as detail
    from calendars
    where time_zone_name is null
    union
    select
        calendars.calendar_id,
        'no_intervals' as problem,
        '-' as detail
    from calendars
    left join hours
        on
            calendars.calendar_id = hours.calendar_id
            and hours.problem is null
    where hours.calendar_id is null
    union
    select
        calendar_id,
        problem,
        coalesce(start_minute::text, '-') || ' to ' || coalesce(end_minute::text, '-')
            as detail
    from hours
    where problem is not null
    union
    select
        calendar_id,
        problem,
        coalesce(
            detail,
            start_date || ': ' || coalesce(start_minute::text, '-')
            || ' to ' || coalesce(end_minute::text, '-')
        ) as detail
    from days
    where problem is not null
    union
    select
        hours.calendar_id,
        'overlapping_intervals' as problem,
        hours.start_minute || ' to ' || hours.end_minute
        || ' and ' || later_hours.start_minute || ' to ' || later_hours.end_minute
            as detail
    from hours
    inner join later_hours
        on
            hours.calendar_id = later_hours.calendar_id
            and (hours.start_minute, hours.calendar_hour_id)
            < (later_hours.start_minute, later_hours.calendar_hour_id)
            and hours.end_minute > later_hours.start_minute
            and daterange(hours.valid_from_date, hours.valid_to_date, '[]')
            && daterange(later_hours.valid_from_date, later_hours.valid_to_date, '[]')
    where hours.problem is null and later_hours.problem is null

),

unioned as (

    select
        calendars.source_name,
        found.calendar_id,
        found.problem,
        found.detail
    from found
    inner join calendars
        on found.calendar_id = calendars.calendar_id
    union all
    select
        source_name,
        null as calendar_id,
        'no_default' as problem,
        '-' as detail
    from defaults
    where not has_default

),

final as (

    select

        -- ids
        {{ surrogate_key(['source_name', 'calendar_id', 'problem', 'detail']) }}
            as calendar_problem_id,
        calendar_id,

        -- strings
        source_name,
        problem,
        detail,

        -- numerics
        pg_current_xact_id() as changed_xid

    from unioned

)

select * from final
