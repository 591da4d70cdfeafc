{{ config(materialized='table') }}

-- what is broken since yesterday is work to do, no news
{% set one_hour_ago = as_of() ~ " - interval '1 hour'" %}
{{ promises_to_alert("state = 'breached' and breached_at > " ~ one_hour_ago) }}
