{{ config(
    unique_key='delivery_id',
    indexes=[
        {'columns': ['delivery_id'], 'unique': true},
        {'columns': ['order_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_deliveries__judged', 'key': 'delivery_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_deliveries__judged') }}
    {{ only_touched('delivery_id') }}

),

deliveries as (

    select * from {{ ref('stg_crm__deliveries') }}

),

final as (

    select

        -- ids
        deliveries.delivery_id,
        deliveries.order_id,

        -- strings
        deliveries.carrier_name,
        lower(deliveries.status_raw) as delivery_status,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- dates
        deliveries.promised_date,

        -- timestamps
        deliveries.shipped_at,
        deliveries.delivered_at,
        verdicts.first_exported_at

    from verdicts
    inner join deliveries
        on verdicts.row_id = deliveries.row_id
    where verdicts.rejection_reason is null

)

select * from final
