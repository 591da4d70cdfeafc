{{ config(
    unique_key='crm_customer_id',
    indexes=[
        {'columns': ['crm_customer_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_crm__customers', 'crm_customer_id', 'crm.customers')
) }}

with

versions as (

    select * from {{ ref('stg_crm__customers') }}
    {{ only_touched('crm_customer_id') }}

),

latest as (

    {{ latest_version('versions', 'crm_customer_id') }}

),

ruled as (

    select
        crm_customer_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when {{ is_test_identifier('email', standardise_email('email_raw')) }}
                or {{ is_test_identifier('loyalty_card', 'loyalty_card_raw') }}
                then 'test_traffic'
        end as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'crm_customer_id', 'crm.customers') }}

)

select * from final
