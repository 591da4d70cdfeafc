{{ config(materialized='table') }}

with

channels as (

    select * from {{ ref('seed_channels') }}

),

final as (

    select

        -- strings
        channel,
        channel_name,
        channel_kind,

        -- numerics
        first_response_target_seconds,
        short_abandon_seconds,
        service_level_target_rate::numeric(5, 4) as service_level_target_rate,

        -- booleans
        has_abandonment

    from channels

)

select * from final
