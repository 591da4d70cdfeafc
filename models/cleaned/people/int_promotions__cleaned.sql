{{ config(
    unique_key='promotion_id',
    indexes=[
        {'columns': ['promotion_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_promotions__judged', 'key': 'promotion_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_promotions__judged') }}
    {{ only_touched('promotion_id') }}

),

promotions as (

    select * from {{ ref('stg_marketing__promotions') }}

),

final as (

    select

        -- ids
        promotions.promotion_id,

        -- strings
        promotions.promotion_name,
        promotions.product_line,
        verdicts.flags,

        -- numerics
        promotions.discount_rate,
        pg_current_xact_id() as changed_xid,

        -- dates
        promotions.starts_date,
        promotions.ends_date,

        -- timestamps
        verdicts.first_exported_at

    from verdicts
    inner join promotions
        on verdicts.row_id = promotions.row_id
    where verdicts.rejection_reason is null

)

select * from final
