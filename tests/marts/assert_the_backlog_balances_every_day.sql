{{ config(meta={'dagster': {'ref': {'name': 'kpi_backlog_daily'}}}) }}

-- each day opens with what the last one closed with, and every open ticket has one age
with

days as (

    select * from {{ ref('kpi_backlog_daily') }}

),

followed as (

    select
        *,
        coalesce(
            case
                when
                    lag(calendar_date) over line_days = calendar_date - 1
                    then lag(closing_count) over line_days
            end,
            0
        ) as closing_count_before
    from days
    window
        line_days as (
            partition by ticket_line_id
            order by calendar_date asc
        )

)

select
    ticket_line_id,
    calendar_date,
    closing_count_before,
    opening_count,
    arrived_count,
    reopened_count,
    resolved_count,
    closing_count
from followed
where
    opening_count <> closing_count_before
    or opening_count + arrived_count + reopened_count - resolved_count
    <> closing_count
    or under_1_day_count + under_3_days_count + under_7_days_count
    + under_30_days_count + over_30_days_count <> closing_count
