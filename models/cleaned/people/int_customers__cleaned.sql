{{ config(
    unique_key='crm_customer_id',
    indexes=[
        {'columns': ['crm_customer_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_customers__judged', 'key': 'crm_customer_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_customers__judged') }}
    {{ only_touched('crm_customer_id') }}

),

customers as (

    select * from {{ ref('stg_crm__customers') }}

),

final as (

    select

        -- ids
        customers.crm_customer_id,
        customers.unionid,

        -- strings
        customers.country_code,
        {{ standardise_text('customers.name_raw') }} as customer_name,
        case customers.gender_raw
            when 'M' then 'male' when '男' then 'male'
            when 'F' then 'female' when '女' then 'female'
        end as gender,
        {{ standardise_phone('customers.phone_raw', 'customers.country_code') }}
            as phone,
        customers.phone_raw,
        {{ standardise_email('customers.email_raw') }} as email,
        customers.email_raw,
        {{ standardise_text('customers.address_raw') }} as address,
        {{ standardise_text('customers.city_raw') }} as city,
        {{ standardise_text('customers.postcode_raw') }} as postcode,
        {{ standardise_text('customers.loyalty_card_raw') }} as loyalty_card,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- dates
        customers.birth_date,

        -- timestamps
        customers.registered_at,
        verdicts.first_exported_at

    from verdicts
    inner join customers
        on verdicts.row_id = customers.row_id
    where verdicts.rejection_reason is null

)

select * from final
