{{ config(materialized='table') }}

with

holidays as (

    select * from {{ ref('seed_holidays') }}

),

days as (

    select calendar_day::date as calendar_date
    from generate_series(
            '2015-01-01'::timestamp, '2035-12-31'::timestamp, interval '1 day'
        ) as calendar (calendar_day)

),

final as (

    select

        -- strings
        to_char(days.calendar_date, 'YYYY-"Q"Q') as quarter_name,
        to_char(days.calendar_date, 'YYYY-MM') as month_name,
        to_char(days.calendar_date, 'IYYY-"W"IW') as week_name,
        trim(to_char(days.calendar_date, 'Day')) as weekday_name,
        chinese.holiday_name as chinese_holiday_name,
        british.holiday_name as british_holiday_name,

        -- numerics
        extract(isodow from days.calendar_date)::integer as weekday_number,

        -- booleans
        coalesce(
            chinese.is_working_day, extract(isodow from days.calendar_date) < 6
        ) as is_chinese_working_day,
        coalesce(
            british.is_working_day, extract(isodow from days.calendar_date) < 6
        ) as is_british_working_day,

        -- dates
        days.calendar_date,
        date_trunc('week', days.calendar_date)::date as week_start_date,
        date_trunc('month', days.calendar_date)::date as month_start_date

    from days
    left join holidays as chinese
        on
            days.calendar_date = chinese.holiday_date
            and chinese.country_code = 'CN'
    left join holidays as british
        on
            days.calendar_date = british.holiday_date
            and british.country_code = 'GB'

)

select * from final
