{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'int_service_requests__cleaned'}}}
) }}

-- a warning, because the contacts are kept as channel unknown: add the value to
-- seed_channel_values to give them their channel
with

values_seen as (

    select
        'requests311' as source_name,
        channel_raw,
        count(*) as contact_count
    from {{ ref('int_service_requests__cleaned') }}
    where channel = 'unknown'
    group by channel_raw
    union all
    select
        'servicenow' as source_name,
        channel_raw,
        count(*) as contact_count
    from {{ ref('int_incidents__cleaned') }}
    where channel = 'unknown'
    group by channel_raw

)

select * from values_seen
