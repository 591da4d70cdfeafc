{{ config(materialized='table') }}

{{ promises_to_alert("state = 'at_risk'") }}
