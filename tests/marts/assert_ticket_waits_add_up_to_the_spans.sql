{{ config(meta={'dagster': {'ref': {'name': 'fct_tickets'}}}) }}

-- both were measured to the same moment: the status a ticket is in now is in both
with

tickets as (

    select * from {{ ref('fct_tickets') }}

),

spans as (

    select * from {{ ref('fct_ticket_status_spans') }}

),

of_spans as (

    select
        ticket_id,
        coalesce(sum(span_seconds) filter (where waiting_side = 'requester'), 0)
            as requester_wait_seconds,
        coalesce(sum(span_seconds) filter (where waiting_side = 'agent'), 0)
            as agent_wait_seconds,
        count(*) filter (where is_reopening) as reopen_count
    from spans
    group by ticket_id

)

select
    tickets.ticket_id,
    tickets.requester_wait_seconds,
    of_spans.requester_wait_seconds as span_requester_wait_seconds
from tickets
left join of_spans
    on tickets.ticket_id = of_spans.ticket_id
where
    tickets.wait_reason is null
    and (
        tickets.requester_wait_seconds,
        tickets.agent_wait_seconds,
        tickets.reopen_count
    ) is distinct from (
        of_spans.requester_wait_seconds,
        of_spans.agent_wait_seconds,
        of_spans.reopen_count
    )
