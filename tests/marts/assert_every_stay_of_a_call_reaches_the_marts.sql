{{ config(meta={'dagster': {'ref': {'name': 'fct_call_segments'}}}) }}

-- also the stays of calls that were not kept, with the reason
with

kept as (

    select segment_id from {{ ref('int_call_segments__unioned') }}

),

stays as (

    select
        segment_id,
        interaction_id,
        interaction_reason
    from {{ ref('fct_call_segments') }}

)

select
    kept.segment_id as kept_segment_id,
    stays.segment_id
from kept
full join stays
    on kept.segment_id = stays.segment_id
where
    kept.segment_id is null
    or stays.segment_id is null
    or (stays.interaction_id is null) <> (stays.interaction_reason is not null)
