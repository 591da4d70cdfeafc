{{ config(
    unique_key=['customer_id', 'identifier_type', 'lookup_value'],
    indexes=[
        {'columns': ['lookup_value']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'customer_360', 'key': 'customer_id'}],
        'touched_key': 'customer_id',
    }
) }}

with

customers as (

    select * from {{ ref('customer_360') }}
    {{ only_touched('customer_id') }}

),

listed as (

    -- an openid is asked for with its app and without
    select distinct
        customers.customer_id,
        identifiers.identifier_type,
        identifiers.lookup_value,
        coalesce(
            case identifiers.identifier_type
                when 'phone' then identifiers.lookup_value = customers.phone
                when 'email' then identifiers.lookup_value = customers.email
                else true
            end,
            false
        ) as is_best_known
    from customers
    cross join
        lateral (
            select
                'customer_id' as identifier_type,
                customers.customer_id as lookup_value
            union all
            select
                'former_customer_id' as identifier_type,
                unnest(customers.former_customer_ids) as lookup_value
        {% for type, name in {
            'phone': 'phones',
            'email': 'emails',
            'openid': 'openids',
            'unionid': 'unionids',
            'social_handle': 'social_handles',
            'account_id': 'account_ids',
            'crm_customer_id': 'crm_customer_ids',
            'loyalty_card': 'loyalty_cards',
        }.items() %}
                union all
                select
                    '{{ type }}' as identifier_type,
                    unnest(customers.{{ name }}) as lookup_value
            {% endfor %}
        {% for type, name in {
            'openid': 'openids',
            'social_handle': 'social_handles',
            'account_id': 'account_ids',
        }.items() %}
                union all
                select
                    '{{ type }}' as identifier_type,
                    substring(one_value from '/(.+)$') as lookup_value
                from unnest(customers.{{ name }}) as named (one_value)
            {% endfor %}
        ) as identifiers
    where identifiers.lookup_value <> ''

),

final as (

    select

        -- ids
        customer_id,

        -- strings
        identifier_type,
        lookup_value,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_best_known

    from listed

)

select * from final
