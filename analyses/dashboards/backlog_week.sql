-- the last seven reporting days of the backlog, per queue
with

days as (

    select * from {{ ref('kpi_backlog_daily') }}

),

final as (

    select
        calendar_date,
        queue_name,
        sum(opening_count) as opening_count,
        sum(arrived_count) as arrived_count,
        sum(reopened_count) as reopened_count,
        sum(resolved_count) as resolved_count,
        sum(closing_count) as closing_count,
        sum(over_30_days_count) as over_30_days_count
    from days
    where
        calendar_date
        > (select max(latest.calendar_date) - 7 from days as latest)
    group by calendar_date, queue_name

)

select * from final
order by calendar_date asc, closing_count desc
