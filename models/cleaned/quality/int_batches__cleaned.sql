{{ config(materialized='ephemeral') }}

select * from {{ ref('stg_loads__batches') }}
