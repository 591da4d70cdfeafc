{{ config(meta={'dagster': {'ref': {'name': 'int_tickets__unioned'}}}) }}

with

sources as (

    select 'helpdesk/' || ticket_id as ticket_id from {{ ref('int_tickets__cleaned') }}
    union all
    select 'servicenow/' || source_record_id as ticket_id
    from {{ ref('int_incidents__cleaned') }}
    union all
    select ticket_id from {{ ref('stg_zendesk__tickets') }}

),

unioned as (

    select ticket_id from {{ ref('int_tickets__unioned') }}

)

select
    sources.ticket_id as source_ticket_id,
    unioned.ticket_id
from sources
full join unioned
    on sources.ticket_id = unioned.ticket_id
where sources.ticket_id is null or unioned.ticket_id is null
