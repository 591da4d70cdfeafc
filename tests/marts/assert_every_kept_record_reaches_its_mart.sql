{{ config(meta={'dagster': {'ref': {'name': 'fct_source_coverage'}}}) }}

-- a record that no mart holds needs a reason in seed_source_tables
with

coverage as (

    select * from {{ ref('fct_source_coverage') }}

)

select
    record_type,
    destination_name,
    kept_count,
    reached_count,
    unexplained_count
from coverage
where unexplained_count > 0
