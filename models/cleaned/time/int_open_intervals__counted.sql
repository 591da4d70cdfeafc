{{ config(
    unique_key='open_interval_id',
    indexes=[
        {'columns': ['open_interval_id'], 'unique': true},
        {'columns': ['calendar_id', 'opened_at'], 'unique': true},
        {'columns': ['calendar_id', 'open_seconds_before', 'opened_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'int_calendars__unioned', 'key': 'calendar_id'}],
        'touched_key': 'calendar_id',
        'moves': ['calendar_id'],
    }
) }}

with

calendars as (

    select * from {{ ref('int_calendars__unioned') }}
    {{ only_touched('calendar_id') }}

),

hours as (

    select * from {{ ref('int_calendar_hours__unioned') }}
    {{ only_touched('calendar_id') }}

),

days as (

    select * from {{ ref('int_calendar_days__unioned') }}
    {{ only_touched('calendar_id') }}

),

horizon as (

    select
        '{{ var("calendar_first_date") }}'::date as first_date,
        '{{ var("calendar_last_date") }}'::date as last_date,
        {{ calendar_start() }} as first_at,
        {{ calendar_end() }} as last_at

),

counted_calendars as (

    select
        calendar_id,
        time_zone_name
    from calendars
    where problem is null

),

horizon_days as (

    -- local days begin up to 14 hours before those of UTC and end up to 12 hours after
    select
        horizon_days.horizon_day::date as calendar_date,
        extract(dow from horizon_days.horizon_day)::integer as weekday_number
    from horizon
    cross join generate_series(
        horizon.first_date::timestamp - interval '1 day',
        horizon.last_date::timestamp + interval '1 day',
        interval '1 day'
    ) as horizon_days (horizon_day)

),

weekday_hours as (

    select
        hours.calendar_id,
        weekdays.weekday_number,
        int4range(
            greatest(hours.start_minute - weekdays.weekday_number * 1440, 0),
            least(hours.end_minute - weekdays.weekday_number * 1440, 1440)
        ) as minutes,
        coalesce(hours.valid_from_date, '-infinity') as valid_from_date,
        coalesce(hours.valid_to_date, 'infinity') as valid_to_date
    from hours
    inner join generate_series(0, 6) as weekdays (weekday_number)
        on
            hours.start_minute < (weekdays.weekday_number + 1) * 1440
            and hours.end_minute > weekdays.weekday_number * 1440
    where hours.problem is null

),

exceptions as (

    -- null where only closings stand on the day
    select
        days.calendar_id,
        horizon_days.calendar_date,
        range_agg(int4range(days.start_minute, days.end_minute))
        filter (where days.day_kind = 'short') as minutes
    from days
    inner join horizon_days
        on horizon_days.calendar_date between days.start_date and days.end_date
    where days.problem is null
    group by days.calendar_id, horizon_days.calendar_date

),

opening_minutes as (

    -- hours that overlap or touch are one before any clock is looked at
    select
        weekday_hours.calendar_id,
        horizon_days.calendar_date,
        range_agg(weekday_hours.minutes) as minutes
    from weekday_hours
    inner join horizon_days
        on
            weekday_hours.weekday_number = horizon_days.weekday_number
            and horizon_days.calendar_date
            between weekday_hours.valid_from_date and weekday_hours.valid_to_date
    left join exceptions
        on
            weekday_hours.calendar_id = exceptions.calendar_id
            and horizon_days.calendar_date = exceptions.calendar_date
    where exceptions.calendar_id is null
    group by weekday_hours.calendar_id, horizon_days.calendar_date
    union all
    select
        calendar_id,
        calendar_date,
        minutes
    from exceptions
    where minutes is not null

),

day_openings as (

    select
        counted_calendars.calendar_id,
        counted_calendars.time_zone_name,
        opening_minutes.calendar_date,
        unnest(opening_minutes.minutes) as minutes
    from counted_calendars
    inner join opening_minutes
        on counted_calendars.calendar_id = opening_minutes.calendar_id

),

utc_openings as (

    -- a time that the clock skips lies after the jump: the hours must not leave the day
    select
        calendar_id,
        greatest(
            (calendar_date + make_interval(mins => lower(minutes)))
            at time zone time_zone_name,
            calendar_date::timestamp at time zone time_zone_name
        ) as opened_at,
        least(
            (calendar_date + make_interval(mins => upper(minutes)))
            at time zone time_zone_name,
            (calendar_date + 1)::timestamp at time zone time_zone_name
        ) as closed_at
    from day_openings

),

merged as (

    select
        utc_openings.calendar_id,
        unnest(
            range_agg(tstzrange(utc_openings.opened_at, utc_openings.closed_at))
            * tstzmultirange(tstzrange(horizon.first_at, horizon.last_at))
        ) as opening
    from utc_openings
    cross join horizon
    where utc_openings.opened_at < utc_openings.closed_at
    group by utc_openings.calendar_id, horizon.first_at, horizon.last_at

),

unioned as (

    select
        calendar_id,
        lower(opening) as opened_at,
        upper(opening) as closed_at
    from merged
    union all
    -- before it opens for the first time a calendar has counted nothing, which is known
    select
        counted_calendars.calendar_id,
        horizon.first_at as opened_at,
        horizon.first_at as closed_at
    from counted_calendars
    cross join horizon
    where
        not exists (
            select 1
            from merged
            where
                merged.calendar_id = counted_calendars.calendar_id
                and lower(merged.opening) = horizon.first_at
        )

),

measured as (

    select
        *,
        extract(epoch from closed_at - opened_at)::bigint as open_seconds
    from unioned

),

final as (

    select

        -- ids
        {{ surrogate_key(['calendar_id', 'extract(epoch from opened_at)::bigint']) }}
            as open_interval_id,
        calendar_id,

        -- numerics
        open_seconds,
        (
            sum(open_seconds) over (partition by calendar_id order by opened_at asc)
            - open_seconds
        )::bigint as open_seconds_before,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        opened_at,
        closed_at

    from measured

)

select * from final
