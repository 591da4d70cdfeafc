{{ config(meta={'dagster': {'ref': {'name': 'fct_tickets'}}}) }}

-- nothing that is unknown about its people takes a ticket out
with

kept as (

    select ticket_id from {{ ref('int_tickets__unioned') }}

),

tickets as (

    select ticket_id from {{ ref('fct_tickets') }}

)

select
    kept.ticket_id as kept_ticket_id,
    tickets.ticket_id
from kept
full join tickets
    on kept.ticket_id = tickets.ticket_id
where kept.ticket_id is null or tickets.ticket_id is null
