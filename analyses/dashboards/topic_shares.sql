-- which share of its group each topic is, over the last 28 days: "40 % of the
-- after-sales contacts are about delivery"
with

days as (

    select * from {{ ref('kpi_topics_daily') }}

),

final as (

    select
        topic_group,
        topic,
        sum(contact_count) as contact_count,
        round(
            sum(contact_count)
            / sum(sum(contact_count)) over (partition by topic_group),
            4
        ) as share_of_group_rate,
        round(
            sum(repeated_7d_count) / nullif(sum(repeat_known_7d_count), 0), 4
        ) as repeat_rate,
        round(sum(complaint_count) / sum(contact_count), 4) as complaint_rate
    from days
    where
        started_date
        > (select max(latest.started_date) - 28 from days as latest)
    group by topic_group, topic

)

select * from final
order by topic_group asc, contact_count desc
