{{ config(materialized='table') }}

with

shipped as (

    select * from {{ ref('seed_identity_weights') }}

),

proposed as (

    select * from {{ ref('stg_frontdesk__identity_weights') }}

),

adoptions as (

    select * from {{ ref('stg_frontdesk__identity_adoptions') }}

),

adopted as (

    -- scores move when a person says so, never because a proposal is there
    select coalesce(
        (
            select adoptions.model_version
            from adoptions
            order by adoptions.adopted_at desc, adoptions.adoption_id desc
            limit 1
        ),
        (select max(shipped.model_version) from shipped)
    ) as model_version

),

known as (

    select
        shipped.model_version,
        shipped.comparison,
        shipped.level,
        shipped.bits
    from shipped
    union all
    select
        proposed.model_version,
        proposed.comparison,
        proposed.level,
        proposed.bits
    from proposed

),

final as (

    select

        -- strings
        known.comparison,
        known.level,

        -- numerics
        known.model_version,
        known.bits::float8 as bits

    from known
    inner join adopted
        on known.model_version = adopted.model_version

)

select * from final
