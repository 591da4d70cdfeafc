{{ config(meta={'dagster': {'ref': {'name': 'kpi_channel_daily'}}}) }}

-- every day holds exactly its hours, also days that late contacts changed
with

from_hours as (

    select
        channel,
        started_date,
        {{ channel_part_sums() }}
    from {{ ref('kpi_channel_hourly') }}
    group by channel, started_date

),

from_days as (

    select
        channel,
        started_date,
        {{ channel_part_list() }}
    from {{ ref('kpi_channel_daily') }}

)

(
    select * from from_hours
    except all
    select * from from_days
)
union all
(
    select * from from_days
    except all
    select * from from_hours
)
