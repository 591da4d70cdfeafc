{{ config(
    unique_key='delivery_id',
    indexes=[
        {'columns': ['delivery_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_crm__deliveries', 'delivery_id', 'crm.deliveries')
) }}

with

versions as (

    select * from {{ ref('stg_crm__deliveries') }}
    {{ only_touched('delivery_id') }}

),

latest as (

    {{ latest_version('versions', 'delivery_id') }}

),

ruled as (

    select
        delivery_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when delivered_at < shipped_at then 'ends_before_start'
        end as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'delivery_id', 'crm.deliveries') }}

)

select * from final
