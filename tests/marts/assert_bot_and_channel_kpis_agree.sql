{{ config(meta={'dagster': {'ref': {'name': 'kpi_bot_daily'}}}) }}

-- two marts that state the same number agree exactly, day by day
with

from_bots as (

    select
        channel,
        started_date,
        sum(contact_count) as contact_count,
        sum(finished_count) as finished_count,
        sum(handed_off_count) as handed_off_count,
        sum(resolution_known_count) as resolution_known_count,
        sum(resolved_count) as resolved_count
    from {{ ref('kpi_bot_daily') }}
    group by channel, started_date

),

from_channels as (

    select
        days.channel,
        days.started_date,
        days.contact_count,
        days.handled_count,
        days.handed_off_count,
        days.resolution_known_count,
        days.resolved_count
    from {{ ref('kpi_channel_daily') }} as days
    inner join {{ ref('dim_channels') }} as channels
        on days.channel = channels.channel
    where channels.channel_kind = 'bot'

)

select
    from_bots.channel,
    from_bots.started_date,
    from_bots.contact_count,
    from_channels.contact_count as channel_contact_count
from from_bots
full join from_channels
    on
        from_bots.channel = from_channels.channel
        and from_bots.started_date = from_channels.started_date
where
    (
        from_bots.contact_count,
        from_bots.finished_count,
        from_bots.handed_off_count,
        from_bots.resolution_known_count,
        from_bots.resolved_count
    ) is distinct from (
        from_channels.contact_count,
        from_channels.handled_count,
        from_channels.handed_off_count,
        from_channels.resolution_known_count,
        from_channels.resolved_count
    )
