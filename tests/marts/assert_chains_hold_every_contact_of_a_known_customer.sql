{{ config(meta={'dagster': {'ref': {'name': 'fct_contact_chains'}}}) }}

-- a contact follows its customer through merges and splits
with

contacts as (

    select
        interaction_id,
        customer_id,
        topic,
        started_at
    from {{ ref('fct_interactions') }}
    where
        direction = 'inbound'
        and customer_id is not null
        and started_at is not null

),

chained as (

    select * from {{ ref('fct_contact_chains') }}

)

select
    contacts.interaction_id,
    chained.interaction_id as chained_interaction_id,
    contacts.customer_id,
    chained.customer_id as chained_customer_id
from contacts
full join chained
    on contacts.interaction_id = chained.interaction_id
where
    (contacts.interaction_id, contacts.customer_id, contacts.topic, contacts.started_at)
    is distinct from
    (chained.interaction_id, chained.customer_id, chained.topic, chained.started_at)
