-- after which contacts customers come back within a week, per topic and queue, over the
-- last 28 reporting days whose week is over; the most returns first
with

days as (

    select * from {{ ref('kpi_fcr_daily') }}

),

latest as (

    select max(started_date) as last_date
    from {{ ref('kpi_fcr_daily') }}
    where mature_7d_count > 0

),

final as (

    select
        days.topic,
        days.channel,
        days.queue_name,
        sum(days.mature_7d_count) as mature_contact_count,
        sum(days.repeated_7d_count) as repeated_count,
        sum(days.same_topic_repeated_7d_count) as same_topic_repeated_count,
        round(
            sum(days.repeated_7d_count) / nullif(sum(days.mature_7d_count), 0), 4
        ) as repeat_rate,
        round(sum(days.fcr_7d_count) / nullif(sum(days.fcr_known_7d_count), 0), 4)
            as fcr_rate,
        round(sum(days.contact_count) / nullif(sum(days.chain_count), 0), 2)
            as contacts_per_matter
    from days
    cross join latest
    where
        days.started_date > latest.last_date - 28
        and days.started_date <= latest.last_date
    group by days.topic, days.channel, days.queue_name

)

select * from final
order by repeated_count desc, mature_contact_count desc
limit 100
