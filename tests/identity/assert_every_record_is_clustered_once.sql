{{ config(meta={'dagster': {'ref': {'name': 'int_records__clustered'}}}) }}

-- identity never loses or repeats a record: each table has as many, and each that was
-- written since this gate passed or the publication has its cluster and customer

with

records as not materialized (

    select * from {{ ref('int_records__unioned') }}

),

clustered as not materialized (

    select * from {{ ref('int_records__clustered') }}

),

clusters as not materialized (

    select * from {{ ref('int_clusters__linked') }}

),

counted as (

    select
        (select count(*) from records) as record_count,
        (select count(*) from clustered) as clustered_count

)

select
    'all' as record_id,
    record_count,
    clustered_count,
    null::bigint as member_count
from counted
where record_count <> clustered_count
union all
select
    records.record_id,
    1 as record_count,
    0 as clustered_count,
    0 as member_count
from records
left join clustered
    on records.record_id = clustered.record_id
where {{ is_ungated('records.changed_xid') }} and clustered.record_id is null
union all
select
    clustered.record_id,
    num_nonnulls(records.record_id) as record_count,
    1 as clustered_count,
    num_nonnulls(clusters.customer_id) as member_count
from clustered
left join records
    on clustered.record_id = records.record_id
left join clusters
    on clustered.cluster_id = clusters.cluster_id
where
    {{ is_ungated('clustered.changed_xid') }}
    and (records.record_id is null or clusters.customer_id is null)
