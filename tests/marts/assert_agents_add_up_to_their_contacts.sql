{{ config(meta={'dagster': {'ref': {'name': 'kpi_agent_daily'}}}) }}

-- what agents did on a day is what the contacts of the day say of their agents
with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

call_segments as (

    select * from {{ ref('fct_call_segments') }}

),

agent_days as (

    select * from {{ ref('kpi_agent_daily') }}

),

stayed as (

    select
        interaction_id,
        count(*) as stay_count,
        sum(handle_seconds) as stay_seconds
    from call_segments
    where is_counted and is_answered and agent_id is not null
    group by interaction_id

),

worked as (

    select
        interactions.*,
        coalesce(stayed.stay_count, 0) as stay_count,
        coalesce(stayed.stay_seconds, 0) as stay_seconds
    from interactions
    left join stayed
        on interactions.interaction_id = stayed.interaction_id
    where interactions.started_at is not null

),

of_contacts as (

    select
        started_date,
        count(*) filter (where agent_id is not null and direction = 'inbound')
            as contact_count,
        sum(stay_count)
        + count(*) filter (
            where is_handled and agent_id is not null and stay_count = 0
        ) as handled_count,
        sum(stay_seconds)
        + coalesce(
            sum(handle_seconds) filter (
                where is_handled and agent_id is not null and stay_count = 0
            ),
            0
        ) as handle_seconds_sum,
        count(*) filter (where agent_id is not null and is_resolved) as resolved_count,
        count(*) filter (where agent_id is not null and is_complaint)
            as complaint_count,
        count(csat_score) filter (where agent_id is not null) as csat_answer_count
    from worked
    group by started_date

),

of_agents as (

    select
        calendar_date,
        sum(contact_count) as contact_count,
        sum(handled_count) as handled_count,
        sum(handle_seconds_sum) as handle_seconds_sum,
        sum(resolved_count) as resolved_count,
        sum(complaint_count) as complaint_count,
        sum(csat_answer_count) as csat_answer_count
    from agent_days
    group by calendar_date

)

select
    of_contacts.*,
    of_agents.*
from of_contacts
full join of_agents
    on of_contacts.started_date = of_agents.calendar_date
where
    coalesce(of_contacts.contact_count, 0) <> coalesce(of_agents.contact_count, 0)
    or coalesce(of_contacts.handled_count, 0) <> coalesce(of_agents.handled_count, 0)
    or coalesce(of_contacts.handle_seconds_sum, 0)
    <> coalesce(of_agents.handle_seconds_sum, 0)
    or coalesce(of_contacts.resolved_count, 0) <> coalesce(of_agents.resolved_count, 0)
    or coalesce(of_contacts.complaint_count, 0)
    <> coalesce(of_agents.complaint_count, 0)
    or coalesce(of_contacts.csat_answer_count, 0)
    <> coalesce(of_agents.csat_answer_count, 0)
