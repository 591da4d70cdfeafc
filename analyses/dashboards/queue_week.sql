-- do the queues answer in time: the last seven reporting days of each, beside the seven
-- before; all parts are added up before they are divided
with

days as (

    select * from {{ ref('kpi_queue_daily') }}

),

queues as (

    select * from {{ ref('dim_queues') }}

),

latest as (

    select max(started_date) as last_date
    from {{ ref('kpi_queue_daily') }}

),

weeks as (

    select
        days.channel,
        days.queue_name,
        days.started_date > latest.last_date - 7 as is_this_week,
        sum(days.offered_count) as offered_count,
        sum(days.abandoned_count) as abandoned_count,
        sum(days.short_abandoned_count) as short_abandoned_count,
        sum(days.callback_count) as callback_count,
        sum(days.answered_within_target_count)
        / nullif(sum(days.service_level_count), 0) as service_level_rate,
        sum(days.abandoned_count) / nullif(sum(days.offered_count), 0)
            as abandonment_rate,
        sum(days.answered_wait_seconds_sum)
        / nullif(sum(days.service_level_answered_count), 0) as asa_seconds,
        sum(days.handle_seconds_sum) / nullif(sum(days.handle_count), 0) as aht_seconds
    from days
    cross join latest
    where days.started_date > latest.last_date - 14
    group by
        days.channel,
        days.queue_name,
        days.started_date > latest.last_date - 7

),

compared as (

    select
        channel,
        queue_name,
        max(offered_count) filter (where is_this_week) as offered_count,
        max(offered_count) filter (where not is_this_week) as offered_before_count,
        max(abandoned_count) filter (where is_this_week) as abandoned_count,
        max(short_abandoned_count) filter (where is_this_week)
            as short_abandoned_count,
        max(callback_count) filter (where is_this_week) as callback_count,
        max(service_level_rate) filter (where is_this_week) as service_level_rate,
        max(service_level_rate) filter (where not is_this_week)
            as service_level_before_rate,
        max(abandonment_rate) filter (where is_this_week) as abandonment_rate,
        max(asa_seconds) filter (where is_this_week) as asa_seconds,
        max(aht_seconds) filter (where is_this_week) as aht_seconds
    from weeks
    group by channel, queue_name

),

final as (

    select
        compared.channel,
        compared.queue_name,
        queues.queue_title,
        queues.site_code,
        compared.offered_count,
        compared.offered_before_count,
        compared.abandoned_count,
        compared.short_abandoned_count,
        compared.callback_count,
        round(compared.service_level_rate, 4) as service_level_rate,
        round(compared.service_level_before_rate, 4) as service_level_before_rate,
        round(compared.abandonment_rate, 4) as abandonment_rate,
        round(compared.asa_seconds, 1) as asa_seconds,
        round(compared.aht_seconds, 1) as aht_seconds
    from compared
    left join queues
        on compared.queue_name = queues.queue_name

)

select * from final
order by service_level_rate asc nulls last, offered_count desc
