-- What the wall asks. Each query begins with its name; parameters are bound, never
-- pasted. Rows are keyed by name in reading.py.
--
-- :now is the moment that the wall shows (the server's clock, or a demonstration clock);
-- :until is the top of the newest hour that the marts know whole.

-- name: clock
select clock_timestamp() as server_at

-- name: present
select
    to_regclass('marts.kpi_channel_hourly') is not null as has_marts,
    to_regclass('reference.seed_metric_targets') is not null as has_targets,
    to_regclass('live.feeds') is not null as has_feeds,
    to_regclass('live.queues_now') is not null as has_queues,
    to_regclass('live.agents_now') is not null as has_agents,
    to_regclass('live.minutes') is not null as has_hours,
    to_regclass('alerts.incidents') is not null as has_alerts

-- name: marks
select
    (
        select max(started_at) from marts.fct_interactions
        where started_at <= %(now)s
    ) as known_at,
    (
        select max(last_landed_at) from marts.fct_source_freshness
    ) as landed_at,
    -- a row of this mart is as old as its run says: the two add up to the run itself
    greatest(
        (
            select max(last_landed_at + make_interval(secs => age_seconds))
            from marts.fct_source_freshness
        ),
        (select max(counted_at) from marts.fct_sla_at_risk)
    ) as built_at,
    (
        select changed_xid::text from marts.kpi_channel_hourly
        order by changed_xid desc limit 1
    ) as changed_xid

-- name: channels
select
    channel,
    channel_name,
    channel_kind,
    first_response_target_seconds as target_seconds,
    service_level_target_rate as target_rate
from marts.dim_channels

-- name: targets
select metric, direction, target_value, warning_value
from reference.seed_metric_targets

-- name: hours
-- the hours of the charts, of the tiles, and of the same day a week before. On time:
-- where customers wait in a queue its service level, elsewhere first responses within the
-- channel's target, when that is an edge of the histogram
with queued as (
    select
        channel,
        hour_started_at,
        sum(answered_within_target_count) as on_time_count,
        sum(service_level_count) as due_count
    from marts.kpi_queue_hourly
    where
        hour_started_at >= %(until)s - interval '192 hours'
        and hour_started_at < %(until)s
    group by channel, hour_started_at
)

select
    hours.channel,
    hours.hour_started_at,
    hours.offered_count,
    hours.abandoned_count,
    case when hours.abandoned_count is not null then hours.offered_count end
        as abandonable_count,
    hours.first_response_count,
    case
        when channels.channel_kind = 'live' then queued.on_time_count
        else
            case channels.first_response_target_seconds
                when 10 then hours.first_response_within_10_seconds_count
                when 30 then hours.first_response_within_30_seconds_count
                when 60 then hours.first_response_within_60_seconds_count
                when 300 then hours.first_response_within_300_seconds_count
                when 1800 then hours.first_response_within_1800_seconds_count
                when 3600 then hours.first_response_within_3600_seconds_count
                when 14400 then hours.first_response_within_14400_seconds_count
                when 86400 then hours.first_response_within_86400_seconds_count
            end
    end as on_time_count,
    case
        when channels.channel_kind = 'live' then queued.due_count
        when
            channels.first_response_target_seconds
            in (10, 30, 60, 300, 1800, 3600, 14400, 86400)
            then hours.first_response_count
    end as due_count,
    array[
        hours.first_response_within_10_seconds_count,
        hours.first_response_within_30_seconds_count,
        hours.first_response_within_60_seconds_count,
        hours.first_response_within_300_seconds_count,
        hours.first_response_within_1800_seconds_count,
        hours.first_response_within_3600_seconds_count,
        hours.first_response_within_14400_seconds_count,
        hours.first_response_within_86400_seconds_count
    ] as first_response_counts
from marts.kpi_channel_hourly as hours
left join marts.dim_channels as channels
    on hours.channel = channels.channel
left join queued
    on
        hours.channel = queued.channel
        and hours.hour_started_at = queued.hour_started_at
where
    (
        hours.hour_started_at >= %(until)s - interval '36 hours'
        and hours.hour_started_at < %(until)s
    )
    or (
        hours.hour_started_at >= %(until)s - interval '204 hours'
        and hours.hour_started_at < %(until)s - interval '167 hours'
    )

-- name: current_hour
-- contacts of the hour that is not over, as the marts know it
select
    channel,
    hour_started_at,
    sum(offered_count) as offered_count
from marts.kpi_channel_hourly
where hour_started_at = %(until)s
group by channel, hour_started_at

-- name: medians
select
    channel,
    started_at >= %(until)s - interval '24 hours' as is_current,
    count(*) as response_count,
    percentile_cont(0.5) within group (order by first_response_seconds)
        as median_seconds
from marts.fct_interactions
where
    first_response_seconds is not null
    and (
        (started_at >= %(until)s - interval '24 hours' and started_at < %(until)s)
        or (
            started_at >= %(until)s - interval '192 hours'
            and started_at < %(until)s - interval '168 hours'
        )
    )
group by
    grouping sets (
        (started_at >= %(until)s - interval '24 hours'),
        (started_at >= %(until)s - interval '24 hours', channel)
    )

-- name: fcr
-- a contact says whether the customer came back when its seven days are over
select
    channel,
    started_date > %(today)s::date - 15 as is_current,
    sum(fcr_7d_count) as good_count,
    sum(fcr_known_7d_count) as known_count
from marts.kpi_fcr_daily
where
    started_date > %(today)s::date - 22
    and started_date <= %(today)s::date - 8
group by channel, started_date > %(today)s::date - 15

-- name: csat
select
    channel,
    sent_date > %(today)s::date - 7 as is_current,
    sum(csat_satisfied_count) as good_count,
    sum(csat_answer_count) as known_count,
    sum(csat_score_sum) as score_sum
from marts.kpi_satisfaction_daily
where sent_date > %(today)s::date - 14 and sent_date <= %(today)s::date
group by channel, sent_date > %(today)s::date - 7

-- name: promises
select
    activity_date > %(today)s::date - 7 as is_current,
    sum(sla_met_count) as good_count,
    sum(sla_met_count + sla_breached_count) as known_count
from marts.kpi_tickets_daily
where
    activity_date > %(today)s::date - 14 and activity_date <= %(today)s::date
group by activity_date > %(today)s::date - 7

-- name: profile
-- mean contacts of each hour of the week over eight weeks; a day without any counts too
with first_day as (
    select
        greatest(min(started_date), %(today)s::date - 56) as first_date
    from marts.kpi_channel_hourly
    where started_date >= %(today)s::date - 56
),

week_days as (
    select
        extract(isodow from days.day)::int as week_day,
        count(*) as day_count
    from first_day
    cross join
        lateral generate_series(
            first_day.first_date, %(today)s::date - 1, interval '1 day'
        ) as days (day)
    group by extract(isodow from days.day)
),

summed as (
    select
        extract(isodow from hour_started_at at time zone %(zone)s)::int as week_day,
        extract(hour from hour_started_at at time zone %(zone)s)::int as hour_of_day,
        sum(offered_count) as offered_count
    from marts.kpi_channel_hourly
    where started_date >= %(today)s::date - 56 and started_date < %(today)s::date
    group by 1, 2
)

select
    week_days.week_day,
    summed.hour_of_day,
    (summed.offered_count / week_days.day_count)::numeric(12, 1) as mean_count,
    week_days.day_count
from week_days
inner join summed
    on week_days.week_day = summed.week_day

-- name: at_risk
-- what can still be kept comes first, soonest first; then what broke last
select
    at_risk.ticket_id,
    at_risk.source_ticket_id,
    at_risk.metric,
    at_risk.priority,
    at_risk.channel,
    at_risk.queue_name,
    queues.queue_title,
    agents.agent_name,
    at_risk.is_business,
    at_risk.due_reason,
    at_risk.remaining_seconds,
    at_risk.due_at,
    at_risk.counted_at,
    case
        when coalesce(at_risk.breached_at <= %(now)s, false) then 'breached'
        when at_risk.due_reason is null and at_risk.due_at <= %(now)s then 'breached'
        else at_risk.state
    end as state
from marts.fct_sla_at_risk as at_risk
left join marts.dim_agents as agents
    on at_risk.agent_id = agents.agent_id
left join marts.dim_queues as queues
    on at_risk.queue_name = queues.queue_name
order by
    case
        when coalesce(at_risk.breached_at <= %(now)s, false) then 1
        when at_risk.due_reason is null and at_risk.due_at <= %(now)s then 1
        when at_risk.state = 'breached' then 1
        else 0
    end,
    case
        when at_risk.state = 'breached' then -at_risk.remaining_seconds
        else at_risk.remaining_seconds
    end,
    at_risk.sla_event_id
limit 30

-- name: at_risk_counts
select
    count(*) filter (where state = 'at_risk') as at_risk_count,
    count(*) filter (where state = 'breached') as breached_count,
    count(distinct ticket_id) as ticket_count,
    max(counted_at) as counted_at
from marts.fct_sla_at_risk

-- name: ticket
-- neither subject nor customer: the wall hangs where anybody may read it
select
    tickets.ticket_id,
    tickets.source_ticket_id,
    tickets.source_name,
    tickets.channel,
    coalesce(queues.queue_title, tickets.queue_name) as queue_title,
    agents.agent_name,
    agents.team_name,
    tickets.status,
    tickets.status_category,
    tickets.priority,
    tickets.topic,
    tickets.public_agent_reply_count,
    tickets.customer_message_count,
    tickets.reopen_count,
    tickets.handoff_count,
    tickets.first_reply_seconds,
    tickets.requester_wait_seconds,
    tickets.is_live,
    tickets.created_at,
    tickets.updated_at,
    tickets.last_message_at,
    tickets.last_resolved_at
from marts.fct_tickets as tickets
left join marts.dim_agents as agents
    on tickets.agent_id = agents.agent_id
left join marts.dim_queues as queues
    on tickets.queue_name = queues.queue_name
where tickets.ticket_id = %(ticket_id)s

-- name: ticket_promises
select
    metric,
    policy_name,
    state,
    event_reason,
    target_seconds,
    elapsed_seconds,
    remaining_seconds,
    is_business,
    applied_at,
    due_at,
    breached_at,
    ended_at
from marts.fct_sla_events
where ticket_id = %(ticket_id)s
order by applied_at desc, metric
limit 12

-- name: ticket_changes
select field_name, field_value, valid_from
from marts.fct_ticket_history
where
    ticket_id = %(ticket_id)s
    and field_name in ('status', 'priority', 'agent_id', 'group_id', 'queue_name')
order by valid_from desc, change_number desc
limit 12

-- name: feeds
select
    source_name,
    table_name,
    channel,
    last_event_at,
    last_landed_at,
    landed_count_last_minute,
    limit_seconds,
    is_stale
from live.feeds

-- name: live_hours
select
    channel,
    %(until)s::timestamptz as hour_started_at,
    sum(arrivals) as offered_count
from live.minutes
where
    minute >= %(until)s
    and minute < %(until)s::timestamptz + interval '1 hour'
    and minute <= %(now)s
group by channel

-- name: queues
select
    waiting.channel,
    waiting.queue_name,
    queues.queue_title,
    waiting.waiting_count,
    waiting.longest_wait_seconds,
    waiting.waiting_since,
    waiting.in_progress_count,
    channels.first_response_target_seconds as target_seconds
from live.queues_now as waiting
left join marts.dim_queues as queues
    on waiting.queue_name = queues.queue_name
left join marts.dim_channels as channels
    on waiting.channel = channels.channel

-- name: agents
select to_jsonb(agents) as agents
from live.agents_now as agents

-- name: incidents
-- what is wrong, the gravest first, then what was mended lately
select
    incidents.incident_id,
    incidents.rule_name,
    incidents.cause,
    incidents.labels,
    incidents.severity,
    incidents.state,
    incidents.opened_at,
    incidents.resolved_at,
    incidents.value,
    incidents.limit_value,
    incidents.sample_count,
    incidents.muted_reason is not null as is_muted,
    incidents.acknowledged_by,
    rules.title_en,
    rules.title_zh,
    rules.unit,
    rules.comparison,
    rules.runbook
from alerts.incidents as incidents
left join alerts.rules as rules
    on incidents.rule_name = rules.rule_name
where
    incidents.opened_at <= %(now)s
    and (
        incidents.state = 'open'
        or incidents.resolved_at > %(now)s - interval '12 hours'
    )
order by
    incidents.state = 'resolved',
    array_position(array['critical', 'warning', 'info'], incidents.severity),
    coalesce(incidents.resolved_at, incidents.opened_at) desc
limit 24

-- name: incident_counts
select
    count(*) filter (where severity = 'critical') as critical_count,
    count(*) filter (where severity = 'warning') as warning_count,
    count(*) filter (where severity = 'info') as info_count
from alerts.incidents
where state = 'open' and opened_at <= %(now)s
