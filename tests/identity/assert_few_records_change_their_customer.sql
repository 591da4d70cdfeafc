{{ config(meta={'dagster': {'ref': {'name': 'int_clusters__linked'}}}) }}

-- a run that would give many published records another customer is stopped, and a
-- person looks first

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

published as not materialized (

    select * from {{ last_publication() }}

),

changed as (

    select
        record_id,
        cluster_id
    from records
    where {{ is_ungated('changed_xid') }}
    union
    select
        records.record_id,
        records.cluster_id
    from clusters
    inner join records
        on clusters.cluster_id = records.cluster_id
    where {{ is_ungated('clusters.changed_xid') }}

),

moved as (

    select count(*) as moved_count
    from changed
    inner join published
        on changed.record_id = published.record_id
    inner join clusters
        on changed.cluster_id = clusters.cluster_id
    where published.customer_id <> clusters.customer_id

)

select
    moved.moved_count,
    shares.limit_value as limit_share
from moved
inner join limits as shares
    on shares.limit_name = 'relabelled_share'
inner join limits as floors
    on floors.limit_name = 'relabelled_floor'
where
    -- all are counted only when it matters
    case
        when moved.moved_count > floors.limit_value
            then
                moved.moved_count
                > shares.limit_value * (select count(*) from published)
        else false
    end
