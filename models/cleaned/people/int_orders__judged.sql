{{ config(
    unique_key='order_id',
    indexes=[
        {'columns': ['order_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_crm__orders', 'order_id', 'crm.orders')
) }}

with

versions as (

    select * from {{ ref('stg_crm__orders') }}
    {{ only_touched('order_id') }}

),

latest as (

    {{ latest_version('versions', 'order_id') }}

),

ruled as (

    select
        order_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        null::text as rule_reason,
        nullif(
            concat_ws(
                ',',
                case when {{ is_late_arrival('ordered_at') }} then 'late_arrival' end
            ),
            ''
        ) as flags
    from latest

),

final as (

    {{ verdict('ruled', 'order_id', 'crm.orders') }}

)

select * from final
