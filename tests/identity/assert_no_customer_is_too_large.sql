{{ config(meta={'dagster': {'ref': {'name': 'int_clusters__linked'}}}) }}

-- a customer of that many records stands behind a shared value, and is no person

with

clusters as (

    select * from {{ ref('int_clusters__linked') }}

),

limits as (

    select * from {{ ref('seed_identity_limits') }}

)

select
    clusters.customer_id,
    clusters.record_count,
    limits.limit_value
from clusters
inner join limits
    on
        limits.limit_name = 'largest_customer_records'
        and clusters.record_count > limits.limit_value
