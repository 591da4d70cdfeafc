{{ config(
    unique_key='channel_date_id',
    indexes=[{'columns': ['calendar_date']}, {'columns': ['changed_xid']}],
    meta={
        'touched_by': [{'parent': 'kpi_channel_daily', 'key': 'channel_date_id'}],
    }
) }}

with

days as (

    select * from {{ ref('kpi_channel_daily') }}
    {{ only_touched('channel_date_id') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

final as (

    select

        -- ids
        days.channel_date_id,

        -- strings
        channels.channel_name,
        dates.week_name,
        dates.weekday_name,

        -- numerics
        days.contact_count,
        days.offered_count,
        days.handled_count,
        days.abandoned_count,
        days.first_response_count,
        days.first_response_seconds_sum,
        days.handle_count,
        days.handle_seconds_sum,
        days.resolution_known_count,
        days.resolved_count,
        days.csat_answer_count,
        days.csat_satisfied_count,
        days.complaint_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        dates.is_chinese_working_day,
        dates.is_british_working_day,

        -- dates
        days.started_date as calendar_date

    from days
    inner join channels
        on days.channel = channels.channel
    inner join dates
        on days.started_date = dates.calendar_date

)

select * from final
