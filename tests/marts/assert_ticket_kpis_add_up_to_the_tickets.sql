{{ config(meta={'dagster': {'ref': {'name': 'kpi_tickets_daily'}}}) }}

-- the days hold what the tickets hold
with

tickets as (

    select * from {{ ref('fct_tickets') }}

),

replies as (

    select * from {{ ref('fct_replies') }}

),

ticket_days as (

    select * from {{ ref('kpi_tickets_daily') }}

),

of_tickets as (

    select
        source_name,
        count(*) as created_count,
        count(first_reply_seconds) as first_reply_count,
        coalesce(sum(first_reply_seconds), 0) as first_reply_seconds_sum,
        count(full_resolution_seconds) as full_resolution_count,
        coalesce(sum(full_resolution_seconds), 0) as full_resolution_seconds_sum,
        coalesce(sum(public_agent_reply_count), 0) as reply_count,
        count(*) filter (
            where touch_class = '0' and full_resolution_seconds is not null
        ) as no_touch_count
    from tickets
    where not is_deleted
    group by source_name

),

of_days as (

    select
        source_name,
        sum(created_count) as created_count,
        sum(first_reply_count) as first_reply_count,
        sum(first_reply_seconds_sum) as first_reply_seconds_sum,
        sum(full_resolution_count) as full_resolution_count,
        sum(full_resolution_seconds_sum) as full_resolution_seconds_sum,
        sum(reply_count) as reply_count,
        sum(no_touch_count) as no_touch_count
    from ticket_days
    group by source_name

),

of_replies as (

    select
        tickets.source_name,
        count(*) as reply_count
    from replies
    inner join tickets
        on replies.ticket_id = tickets.ticket_id
    where not tickets.is_deleted
    group by tickets.source_name

)

select
    of_tickets.*,
    of_replies.reply_count as counted_replies
from of_tickets
left join of_days
    on of_tickets.source_name = of_days.source_name
left join of_replies
    on of_tickets.source_name = of_replies.source_name
where
    (
        of_tickets.created_count,
        of_tickets.first_reply_count,
        of_tickets.first_reply_seconds_sum,
        of_tickets.full_resolution_count,
        of_tickets.full_resolution_seconds_sum,
        of_tickets.reply_count,
        of_tickets.no_touch_count
    ) is distinct from (
        of_days.created_count,
        of_days.first_reply_count,
        of_days.first_reply_seconds_sum,
        of_days.full_resolution_count,
        of_days.full_resolution_seconds_sum,
        of_days.reply_count,
        of_days.no_touch_count
    )
    or of_tickets.reply_count <> coalesce(of_replies.reply_count, 0)
