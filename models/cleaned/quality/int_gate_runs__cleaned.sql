{{ config(materialized='ephemeral') }}

select * from {{ ref('stg_quality__gate_runs') }}
