{{ config(
    unique_key='calendar_id',
    indexes=[
        {'columns': ['calendar_id'], 'unique': true},
        {'columns': ['source_name']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'seed_calendars', 'key': 'calendar_id', 'always': true},
            {'parent': 'stg_zendesk__schedules', 'key': 'calendar_id', 'always': true},
            {'parent': 'int_calendars__unioned', 'key': 'calendar_id', 'always': true},
        ],
        'moves': ['source_name'],
        'quiet': ['calendar_name'],
    }
) }}

with

-- so few that every build reads them all and writes those that changed
seed_calendars as (

    select * from {{ ref('seed_calendars') }}

),

schedules as (

    select * from {{ ref('stg_zendesk__schedules') }}

),

zone_names as (

    select * from {{ ref('seed_time_zone_names') }}

),

hours as (

    select * from {{ ref('int_calendar_hours__unioned') }}

),

days as (

    select * from {{ ref('int_calendar_days__unioned') }}

),

connected as (

    -- a schedule has a row per weekly interval
    select
        source_name,
        calendar_id,
        (array_agg(calendar_name order by synced_at desc, calendar_name asc))[1]
            as calendar_name,
        (array_agg(time_zone_raw order by synced_at desc, time_zone_raw asc))[1]
            as time_zone_raw,
        min(created_at) as created_at
    from schedules
    where not is_deleted
    group by source_name, calendar_id

),

unioned as (

    select
        'seed' as source_name,
        calendar_id,
        calendar_name,
        time_zone_name as time_zone_raw,
        coalesce(is_default, false) as is_default,
        null::timestamptz as created_at
    from seed_calendars
    union all
    select
        source_name,
        calendar_id,
        calendar_name,
        time_zone_raw,
        -- a shorter id is a smaller number
        row_number() over (
            partition by source_name
            order by created_at asc nulls last, length(calendar_id) asc, calendar_id asc
        ) = 1 as is_default,
        created_at
    from connected

),

known_zones as (

    select
        lower(zone_name_vendor) as zone_name,
        time_zone_name,
        1 as preference
    from zone_names
    union all
    select
        lower(name) as zone_name,
        name as time_zone_name,
        2 as preference
    from pg_timezone_names

),

zones as (

    select distinct on (zone_name)
        zone_name,
        time_zone_name
    from known_zones
    order by zone_name asc, preference asc, time_zone_name asc

),

hour_prints as (

    select
        calendar_id,
        string_agg(
            concat_ws('/', start_minute, end_minute)
            || coalesce(' from ' || valid_from_date, '')
            || coalesce(' to ' || valid_to_date, ''),
            ','
            order by
                start_minute asc,
                end_minute asc,
                valid_from_date asc,
                valid_to_date asc
        ) as hour_print
    from hours
    where problem is null
    group by calendar_id

),

day_prints as (

    select
        calendar_id,
        string_agg(
            concat_ws('/', day_kind, start_date, end_date, start_minute, end_minute),
            ','
            order by
                day_kind asc,
                start_date asc,
                end_date asc,
                start_minute asc,
                end_minute asc
        ) as day_print
    from days
    where problem is null
    group by calendar_id

),

final as (

    select

        -- ids
        unioned.calendar_id,

        -- strings
        unioned.source_name,
        unioned.calendar_name,
        unioned.time_zone_raw,
        zones.time_zone_name,
        case
            when zones.time_zone_name is null then 'unknown_zone'
            when hour_prints.hour_print is null then 'no_intervals'
        end as problem,
        md5(concat_ws(
            '|',
            '{{ var("calendar_first_date") }}',
            '{{ var("calendar_last_date") }}',
            coalesce(zones.time_zone_name, '-'),
            coalesce(hour_prints.hour_print, '-'),
            coalesce(day_prints.day_print, '-')
        )) as fingerprint,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        unioned.is_default,

        -- timestamps
        unioned.created_at

    from unioned
    left join zones
        on lower(trim(unioned.time_zone_raw)) = zones.zone_name
    left join hour_prints
        on unioned.calendar_id = hour_prints.calendar_id
    left join day_prints
        on unioned.calendar_id = day_prints.calendar_id

)

select * from final
