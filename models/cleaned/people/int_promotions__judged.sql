{{ config(
    unique_key='promotion_id',
    indexes=[
        {'columns': ['promotion_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_marketing__promotions',
        'promotion_id',
        'marketing.promotions'
    )
) }}

with

versions as (

    select * from {{ ref('stg_marketing__promotions') }}
    {{ only_touched('promotion_id') }}

),

latest as (

    {{ latest_version('versions', 'promotion_id') }}

),

ruled as (

    select
        promotion_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when ends_date < starts_date then 'ends_before_start'
        end as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'promotion_id', 'marketing.promotions') }}

)

select * from final
