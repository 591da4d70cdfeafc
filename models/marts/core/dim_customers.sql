{{ config(
    unique_key='customer_id',
    indexes=[{'columns': ['changed_xid']}],
    meta={
        'touched_by': [
            {'parent': 'int_customers__resolved', 'key': 'customer_id'},
        ],
    }
) }}

with

customers as (

    select * from {{ ref('int_customers__resolved') }}
    {{ only_touched('customer_id') }}

),

final as (

    select

        -- ids
        customer_id,
        former_customer_ids,

        -- strings
        person_name,
        gender,
        phone,
        email,
        address,
        city,
        postcode,
        language,
        country_code,
        source_names,

        -- numerics
        record_count,
        pg_current_xact_id() as changed_xid,

        -- dates
        birth_date,

        -- timestamps
        first_seen_at,
        last_seen_at

    from customers

)

select * from final
