{{ config(
    unique_key='calendar_day_id',
    indexes=[
        {'columns': ['calendar_day_id'], 'unique': true},
        {'columns': ['calendar_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'seed_calendars', 'key': 'calendar_id', 'always': true},
            {
                'parent': 'stg_zendesk__schedule_holidays',
                'key': 'calendar_id',
                'always': true,
            },
            {
                'parent': 'int_calendar_days__unioned',
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
calendars as (

    select * from {{ ref('seed_calendars') }}

),

seed_days as (

    select * from {{ ref('seed_calendar_days') }}

),

public_holidays as (

    select * from {{ ref('seed_holidays') }}

),

hours as (

    select * from {{ ref('int_calendar_hours__unioned') }}

),

schedule_holidays as (

    select * from {{ ref('stg_zendesk__schedule_holidays') }}

),

national_days as (

    select
        calendars.calendar_id,
        public_holidays.holiday_name as day_name,
        public_holidays.is_working_day,
        public_holidays.holiday_date as calendar_date
    from calendars
    inner join public_holidays
        on calendars.country_code = public_holidays.country_code
    where
        not exists (
            select 1
            from seed_days
            where
                seed_days.calendar_id = calendars.calendar_id
                and seed_days.calendar_date = public_holidays.holiday_date
        )

),

monday_hours as (

    -- the part of each weekly interval that lies on Monday
    select
        calendar_id,
        greatest(start_minute, 1440) - 1440 as start_minute,
        least(end_minute, 2880) - 1440 as end_minute,
        valid_from_date,
        valid_to_date
    from hours
    where problem is null and start_minute < 2880 and end_minute > 1440

),

dated_days as (

    select
        calendar_id,
        day_kind,
        day_name,
        case when day_kind = 'short' then {{ minute_of_day('opens_at') }} end
            as start_minute,
        case when day_kind = 'short' then {{ minute_of_day('closes_at') }} end
            as end_minute,
        calendar_date
    from seed_days
    union all
    select
        calendar_id,
        'closed' as day_kind,
        day_name,
        null::integer as start_minute,
        null::integer as end_minute,
        calendar_date
    from national_days
    where not is_working_day
    union all
    -- a working day at a weekend makes up for a Monday or another weekday
    select
        national_days.calendar_id,
        'short' as day_kind,
        national_days.day_name,
        monday_hours.start_minute,
        monday_hours.end_minute,
        national_days.calendar_date
    from national_days
    inner join monday_hours
        on
            national_days.calendar_id = monday_hours.calendar_id
            and national_days.calendar_date
            between coalesce(monday_hours.valid_from_date, '-infinity')
            and coalesce(monday_hours.valid_to_date, 'infinity')
    where
        national_days.is_working_day
        and extract(isodow from national_days.calendar_date) > 5

),

unioned as (

    select
        {{ surrogate_key([
            'calendar_id', 'day_kind', 'calendar_date', 'start_minute', 'end_minute',
        ]) }} as calendar_day_id,
        calendar_id,
        day_kind,
        min(day_name) as day_name,
        case
            when day_kind != 'short' then null
            when end_minute <= start_minute then 'interval_end_before_start'
            when start_minute is null or end_minute is null then 'interval_unreadable'
        end as problem,
        null::text as detail,
        start_minute,
        end_minute,
        calendar_date as start_date,
        calendar_date as end_date
    from dated_days
    group by
        calendar_id,
        day_kind,
        start_minute,
        end_minute,
        calendar_date
    union all
    select
        {{ surrogate_key(['calendar_id', 'holiday_id']) }} as calendar_day_id,
        calendar_id,
        'closed' as day_kind,
        holiday_name as day_name,
        case
            when
                {{ readable_date('start_date_raw') }} is null
                or {{ readable_date('end_date_raw') }} is null
                then 'holiday_unreadable'
            when
                {{ readable_date('end_date_raw') }}
                < {{ readable_date('start_date_raw') }}
                then 'holiday_end_before_start'
        end as problem,
        coalesce(start_date_raw, '-') || ' to ' || coalesce(end_date_raw, '-')
            as detail,
        null::integer as start_minute,
        null::integer as end_minute,
        {{ readable_date('start_date_raw') }} as start_date,
        {{ readable_date('end_date_raw') }} as end_date
    from schedule_holidays
    where not is_deleted

),

final as (

    select

        -- ids
        calendar_day_id,
        calendar_id,

        -- strings
        day_kind,
        day_name,
        problem,
        detail,

        -- numerics
        start_minute,
        end_minute,
        pg_current_xact_id() as changed_xid,

        -- dates
        start_date,
        end_date

    from unioned

)

select * from final
