{{ config(meta={'dagster': {'ref': {'name': 'int_clusters__linked'}}}) }}

-- a customer of that many records stands behind a shared value, and is no person. Asked
-- of the clusters to which records came since this gate last passed

with

records as not materialized (

    select * from {{ ref('int_records__clustered') }}

),

clusters as not materialized (

    select * from {{ ref('int_clusters__linked') }}

),

limits as (

    select * from {{ ref('seed_identity_limits') }}

),

grown as (

    select distinct cluster_id
    from records
    where {{ is_ungated('changed_xid') }}

),

sized as (

    select
        records.cluster_id,
        count(*) as record_count
    from grown
    inner join records
        on grown.cluster_id = records.cluster_id
    group by records.cluster_id

)

select
    clusters.customer_id,
    sized.record_count,
    limits.limit_value
from sized
inner join limits
    on
        limits.limit_name = 'largest_customer_records'
        and sized.record_count > limits.limit_value
left join clusters
    on sized.cluster_id = clusters.cluster_id
