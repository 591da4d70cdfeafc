-- when customers come, per channel and hour of the day in the business time zone
with

hours as (

    select * from {{ ref('kpi_channel_hourly') }}

),

final as (

    select
        channel,
        extract(
            hour from hour_started_at at time zone '{{ var("business_time_zone") }}'
        )::integer as hour_of_day,
        sum(contact_count) as contact_count,
        sum(first_response_within_60_seconds_count) as answered_in_a_minute_count,
        sum(first_response_count) as first_response_count
    from hours
    group by
        channel,
        extract(
            hour from hour_started_at at time zone '{{ var("business_time_zone") }}'
        )::integer

)

select * from final
order by channel asc, hour_of_day asc
