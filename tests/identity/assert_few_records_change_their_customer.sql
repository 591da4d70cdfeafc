{{ config(meta={'dagster': {'ref': {'name': 'int_clusters__linked'}}}) }}

-- a run that would give many published records another customer is stopped, and a
-- person looks first

with

records as (

    select * from {{ ref('int_records__clustered') }}

),

clusters as (

    select * from {{ ref('int_clusters__linked') }}

),

limits as (

    select * from {{ ref('seed_identity_limits') }}

),

published as (

    select * from {{ last_publication() }}

),

moved as (

    select
        count(*) as record_count,
        count(*) filter (where published.customer_id <> clusters.customer_id)
            as moved_count
    from published
    inner join records
        on published.record_id = records.record_id
    inner join clusters
        on records.cluster_id = clusters.cluster_id

)

select
    moved.record_count,
    moved.moved_count,
    shares.limit_value as limit_share
from moved
inner join limits as shares
    on shares.limit_name = 'relabelled_share'
inner join limits as floors
    on floors.limit_name = 'relabelled_floor'
where
    moved.moved_count
    > greatest(floors.limit_value, shares.limit_value * moved.record_count)
