{{ config(meta={'dagster': {'ref': {'name': 'int_records__clustered'}}}) }}

-- identity never loses or repeats a record

with

records as (

    select * from {{ ref('int_records__unioned') }}

),

clustered as (

    select * from {{ ref('int_records__clustered') }}

),

clusters as (

    select * from {{ ref('int_clusters__linked') }}

),

placed as (

    select
        clustered.record_id,
        count(*) as place_count,
        count(clusters.customer_id) as customer_count
    from clustered
    left join clusters
        on clustered.cluster_id = clusters.cluster_id
    group by clustered.record_id

)

select
    coalesce(records.record_id, placed.record_id) as record_id,
    placed.place_count,
    placed.customer_count
from records
full join placed
    on records.record_id = placed.record_id
where
    records.record_id is null
    or placed.place_count is distinct from 1
    or placed.customer_count is distinct from 1
