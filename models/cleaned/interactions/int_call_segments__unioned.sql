{{ config(materialized='ephemeral') }}

{# no CTEs: the planner cannot look up single keys through them from outside #}
select
    segment_id,
    call_id,
    agent_id,
    'phone' as source_name,
    'phone' as channel,
    queue_name,
    segment_result,
    segment_number,
    wait_seconds,
    talk_seconds,
    hold_seconds,
    after_work_seconds,
    queued_at,
    answered_at,
    ended_at
from {{ ref('int_call_segments__cleaned') }}
