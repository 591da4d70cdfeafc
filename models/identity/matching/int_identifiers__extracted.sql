{{ config(
    unique_key='record_identifier_id',
    indexes=[
        {'columns': ['record_identifier_id'], 'unique': true},
        {'columns': ['record_key']},
        {'columns': ['identifier_type', 'identifier_value']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_interactions__unioned',
                'key': 'interaction_id',
                'each': "'interaction:' || fresh_key",
            },
            {
                'parent': 'int_customers__cleaned',
                'key': 'crm_customer_id',
                'each': "'crm_customer:' || fresh_key",
            },
            {
                'parent': 'int_tickets__cleaned',
                'key': 'ticket_id',
                'each': "'ticket:' || fresh_key",
            },
        ],
        'touched_key': 'record_key',
    }
) }}

with

interactions as (

    select * from {{ ref('int_interactions__unioned') }}
    {{ only_touched('interaction_id', prefix='interaction:') }}

),

customers as (

    select * from {{ ref('int_customers__cleaned') }}
    {{ only_touched('crm_customer_id', prefix='crm_customer:') }}

),

tickets as (

    select * from {{ ref('int_tickets__cleaned') }}
    {{ only_touched('ticket_id', prefix='ticket:') }}

),

carried as (

    select
        'interaction:' || interactions.interaction_id as record_key,
        interactions.source_name,
        identifiers.identifier_type,
        identifiers.identifier_value
    from interactions
    cross join
        lateral (
            values
            ('phone', interactions.contact_phone),
            ('email', interactions.contact_email)
        ) as identifiers (identifier_type, identifier_value)
    union all
    select
        'crm_customer:' || customers.crm_customer_id as record_key,
        'crm' as source_name,
        identifiers.identifier_type,
        identifiers.identifier_value
    from customers
    cross join
        lateral (
            values
            ('phone', customers.phone),
            ('email', customers.email),
            ('unionid', customers.unionid),
            ('loyalty_card', customers.loyalty_card),
            ('crm_customer_id', customers.crm_customer_id)
        ) as identifiers (identifier_type, identifier_value)
    union all
    select
        'ticket:' || tickets.ticket_id as record_key,
        'helpdesk' as source_name,
        identifiers.identifier_type,
        identifiers.identifier_value
    from tickets
    cross join lateral (
        values
        ('phone', tickets.requester_phone),
        ('email', tickets.requester_email),
        ('crm_customer_id', tickets.crm_customer_id)
    ) as identifiers (identifier_type, identifier_value)

),

final as (

    select
        {{ surrogate_key(['record_key', 'identifier_type', 'identifier_value']) }}
            as record_identifier_id,
        record_key,
        source_name,
        identifier_type,
        identifier_value,
        pg_current_xact_id() as changed_xid
    from carried
    where identifier_value is not null

)

select * from final
