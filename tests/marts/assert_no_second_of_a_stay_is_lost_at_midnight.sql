{{ config(meta={'dagster': {'ref': {'name': 'fct_agent_states'}}}) }}

-- the parts of a stay are the stay, each in its own day
with

parts as (

    select * from {{ ref('fct_agent_states') }}

),

states as (

    select * from {{ ref('int_agent_states__cleaned') }}

),

summed as (

    select
        state_id,
        sum(state_seconds) as state_seconds,
        bool_and(
            {{ business_date('started_at') }} = calendar_date
            and ended_at
            <= {{ business_midnight("calendar_date + interval '1 day'") }}
        ) as is_within_its_day
    from parts
    group by state_id

)

select
    states.state_id,
    states.started_at,
    states.ended_at,
    summed.state_seconds
from states
full join summed
    on states.state_id = summed.state_id
where
    states.started_at is not null
    and (
        summed.state_id is null
        or not summed.is_within_its_day
        or states.ended_at is not null
        and summed.state_seconds
        <> {{ seconds_between('states.started_at', 'states.ended_at') }}
    )
