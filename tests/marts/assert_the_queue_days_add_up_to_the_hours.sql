{{ config(meta={'dagster': {'ref': {'name': 'kpi_queue_daily'}}}) }}

-- every day holds exactly its hours, also days that late contacts changed
with

from_hours as (

    select
        queue_date_id,
        started_date,
        {{ queue_part_sums() }}
    from {{ ref('kpi_queue_hourly') }}
    group by queue_date_id, started_date

),

from_days as (

    select
        queue_date_id,
        started_date,
        {{ queue_part_list() }}
    from {{ ref('kpi_queue_daily') }}

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
