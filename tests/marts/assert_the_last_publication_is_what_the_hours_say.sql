{{ config(meta={'dagster': {'ref': {'name': 'fct_hour_restatements'}}}) }}

-- every hour stands in its history as it stands in the KPIs
with

hours as (

    select * from {{ ref('kpi_channel_hourly') }}

),

publications as (

    select * from {{ ref('fct_hour_restatements') }}

),

last_publications as (

    select distinct on (channel_hour_id) *
    from publications
    order by channel_hour_id asc, version_number desc

)

select
    hours.channel_hour_id as hour_id,
    last_publications.channel_hour_id as published_hour_id
from hours
full join last_publications
    on hours.channel_hour_id = last_publications.channel_hour_id
where
    coalesce(hours.contact_count, 0)
    != coalesce(last_publications.contact_count, -1)
    or coalesce(hours.handled_count, 0)
    != coalesce(last_publications.handled_count, -1)
    or coalesce(hours.first_response_seconds_sum, 0)
    != coalesce(last_publications.first_response_seconds_sum, -1)
    or coalesce(hours.complaint_count, 0)
    != coalesce(last_publications.complaint_count, -1)
