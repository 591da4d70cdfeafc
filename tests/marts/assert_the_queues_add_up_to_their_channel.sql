{{ config(meta={'dagster': {'ref': {'name': 'kpi_queue_hourly'}}}) }}

-- what both state of the channels on which customers wait, they state the same, hour by
-- hour
with

channel_hours as (

    select * from {{ ref('kpi_channel_hourly') }}

),

queue_hours as (

    select * from {{ ref('kpi_queue_hourly') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

of_channels as (

    select
        channel_hours.channel,
        channel_hours.hour_started_at,
        channel_hours.offered_count,
        channel_hours.handled_count,
        channel_hours.abandoned_count,
        channel_hours.short_abandoned_count,
        channel_hours.callback_count
    from channel_hours
    inner join channels
        on channel_hours.channel = channels.channel
    where channels.channel_kind = 'live' and channel_hours.offered_count > 0

),

of_queues as (

    select
        channel,
        hour_started_at,
        sum(contact_count) as contact_count,
        sum(contact_answered_count) as contact_answered_count,
        sum(contact_abandoned_count) as contact_abandoned_count,
        sum(contact_short_abandoned_count) as contact_short_abandoned_count,
        sum(contact_callback_count) as contact_callback_count
    from queue_hours
    group by channel, hour_started_at

)

select
    of_channels.*,
    of_queues.*
from of_channels
full join of_queues
    on
        of_channels.channel = of_queues.channel
        and of_channels.hour_started_at = of_queues.hour_started_at
where
    (
        of_channels.offered_count,
        of_channels.handled_count,
        of_channels.abandoned_count,
        of_channels.short_abandoned_count,
        of_channels.callback_count
    ) is distinct from (
        of_queues.contact_count,
        of_queues.contact_answered_count,
        of_queues.contact_abandoned_count,
        of_queues.contact_short_abandoned_count,
        of_queues.contact_callback_count
    )
