-- the last seven reporting days of every channel: parts added up, then divided
with

days as (

    select * from {{ ref('kpi_channel_daily') }}

),

final as (

    select
        channel,
        sum(offered_count) as offered_count,
        sum(handled_count) as handled_count,
        sum(abandoned_count) as abandoned_count,
        round(
            sum(first_response_seconds_sum)
            / nullif(sum(first_response_count), 0), 1
        ) as average_first_response_seconds,
        round(
            sum(handle_seconds_sum) / nullif(sum(handle_count), 0), 1
        ) as average_handle_seconds,
        round(
            sum(csat_satisfied_count) / nullif(sum(csat_answer_count), 0), 4
        ) as csat_rate,
        round(
            sum(resolved_count) / nullif(sum(resolution_known_count), 0), 4
        ) as resolution_rate
    from days
    where
        started_date
        > (select max(latest.started_date) - 7 from days as latest)
    group by channel

)

select * from final
order by offered_count desc
