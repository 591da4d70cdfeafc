{{ config(
    materialized='table',
    indexes=[{'columns': ['remaining_seconds']}],
) }}

with

events as (

    select * from {{ ref('fct_sla_events') }}
    where is_running and state in ('at_risk', 'breached')

),

tickets as (

    select * from {{ ref('fct_tickets') }}
    where is_live

),

final as (

    select

        -- ids
        events.sla_event_id,
        events.ticket_id,
        events.source_ticket_id,
        tickets.agent_id,

        -- strings
        events.source_name,
        events.channel,
        events.queue_name,
        events.metric,
        events.policy_name,
        events.priority,
        events.state,
        case when events.event_reason = 'paused' then 'paused' end as due_reason,

        -- numerics
        events.target_seconds,
        events.elapsed_seconds,
        events.remaining_seconds,
        row_number() over (
            order by events.remaining_seconds asc, events.sla_event_id asc
        ) as urgency_rank,
        least(
            events.elapsed_seconds::numeric / nullif(events.target_seconds, 0), 999
        )::numeric(7, 4) as elapsed_rate,

        -- booleans
        events.is_business,

        -- timestamps
        events.applied_at,
        events.due_at,
        events.breached_at,
        {{ as_of() }} as counted_at

    from events
    inner join tickets
        on events.ticket_id = tickets.ticket_id

)

select * from final
