{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'fct_call_segments'}}}
) }}

-- a platform that contradicts itself: a call does not last as long as its stays; a
-- warning, as it is no fault of ours: the channel KPIs follow the call, the queue KPIs
-- its stays
with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

call_segments as (

    select * from {{ ref('fct_call_segments') }}

),

summed as (

    select
        interaction_id,
        sum(handle_seconds) as handle_seconds
    from call_segments
    where is_counted
    group by interaction_id

)

select
    interactions.interaction_id,
    interactions.source_record_id,
    interactions.handle_seconds,
    summed.handle_seconds as stays_handle_seconds
from summed
inner join interactions
    on summed.interaction_id = interactions.interaction_id
where interactions.handle_seconds is distinct from summed.handle_seconds
