{{ config(materialized='ephemeral') }}

select * from {{ ref('stg_experiments__results') }}
