-- the promises that break next, most urgent first
with

at_risk as (

    select * from {{ ref('fct_sla_at_risk') }}

),

agents as (

    select * from {{ ref('dim_agents') }}

),

final as (

    select
        at_risk.urgency_rank,
        at_risk.ticket_id,
        at_risk.metric,
        at_risk.priority,
        at_risk.state,
        agents.agent_name,
        at_risk.remaining_seconds,
        at_risk.due_at
    from at_risk
    left join agents
        on at_risk.agent_id = agents.agent_id
    where at_risk.urgency_rank <= 50

)

select * from final
order by urgency_rank asc
