{{ config(meta={'dagster': {'ref': {'name': 'kpi_topic_economics_daily'}}}) }}

-- contacts and complaints of a channel and day are the same number in the four marts
-- that state it, and so are the resolved ones in those that count them
with

channel_days as (

    select
        channel,
        started_date,
        contact_count,
        complaint_count,
        resolution_known_count,
        resolved_count
    from {{ ref('kpi_channel_daily') }}

),

by_topic as (

    select
        channel,
        started_date,
        sum(contact_count) as contact_count,
        sum(complaint_count) as complaint_count
    from {{ ref('kpi_topics_daily') }}
    group by channel, started_date

),

by_economics as (

    select
        channel,
        started_date,
        sum(contact_count) as contact_count,
        sum(complaint_count) as complaint_count,
        sum(resolution_known_count) as resolution_known_count,
        sum(resolved_count) as resolved_count,
        sum(cost_amount) as cost_amount,
        sum(revenue_amount) as revenue_amount
    from {{ ref('kpi_channel_economics_daily') }}
    group by channel, started_date

),

by_line as (

    select
        channel,
        started_date,
        sum(contact_count) as contact_count,
        sum(cost_amount) as cost_amount,
        sum(revenue_amount) as revenue_amount
    from {{ ref('kpi_topic_economics_daily') }}
    group by channel, started_date

)

select
    channel_days.channel,
    channel_days.started_date,
    channel_days.contact_count,
    by_topic.contact_count as topic_contact_count,
    by_economics.contact_count as economics_contact_count,
    by_line.contact_count as line_contact_count
from channel_days
full join by_topic
    on
        channel_days.channel = by_topic.channel
        and channel_days.started_date = by_topic.started_date
full join by_economics
    on
        channel_days.channel = by_economics.channel
        and channel_days.started_date = by_economics.started_date
full join by_line
    on
        channel_days.channel = by_line.channel
        and channel_days.started_date = by_line.started_date
where
    (channel_days.contact_count, channel_days.complaint_count)
    is distinct from (by_topic.contact_count, by_topic.complaint_count)
    or (
        channel_days.contact_count,
        channel_days.complaint_count,
        channel_days.resolution_known_count,
        channel_days.resolved_count
    ) is distinct from (
        by_economics.contact_count,
        by_economics.complaint_count,
        by_economics.resolution_known_count,
        by_economics.resolved_count
    )
    or (by_line.contact_count, by_line.cost_amount, by_line.revenue_amount)
    is distinct from (
        by_economics.contact_count,
        by_economics.cost_amount,
        by_economics.revenue_amount
    )
