{{ config(meta={'dagster': {'ref': {'name': 'kpi_tickets_daily'}}}) }}

-- what both count, they count the same
with

tickets_daily as (

    select * from {{ ref('kpi_tickets_daily') }}

),

backlog_daily as (

    select * from {{ ref('kpi_backlog_daily') }}

),

both_sides as (

    select
        coalesce(
            tickets_daily.ticket_line_date_id, backlog_daily.ticket_line_date_id
        ) as ticket_line_date_id,
        coalesce(tickets_daily.created_count, 0) as created_count,
        coalesce(tickets_daily.reopened_count, 0) as reopened_count,
        coalesce(tickets_daily.resolved_count, 0) as resolved_count,
        coalesce(backlog_daily.arrived_count, 0) as backlog_arrived_count,
        coalesce(backlog_daily.reopened_count, 0) as backlog_reopened_count,
        coalesce(backlog_daily.resolved_count, 0) as backlog_resolved_count
    from tickets_daily
    full join backlog_daily
        on tickets_daily.ticket_line_date_id = backlog_daily.ticket_line_date_id
    -- a clock that is ahead of the run: its day has not come in the backlog
    where tickets_daily.activity_date is null
        or tickets_daily.activity_date <= {{ business_date(as_of()) }}

)

select *
from both_sides
where
    (created_count, reopened_count, resolved_count) is distinct from
    (backlog_arrived_count, backlog_reopened_count, backlog_resolved_count)
