{{ config(
    unique_key='queue_date_id',
    indexes=[
        {'columns': ['started_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'kpi_queue_hourly', 'key': 'queue_date_id'}],
    }
) }}

with

hours as (

    select * from {{ ref('kpi_queue_hourly') }}
    {{ only_touched('queue_date_id') }}

),

daily as (

    select
        queue_date_id,
        channel,
        queue_name,
        {{ queue_part_sums() }},
        started_date
    from hours
    group by queue_date_id, channel, queue_name, started_date

),

final as (

    select

        -- ids
        queue_date_id,

        -- strings
        channel,
        queue_name,
        {{ queue_reasons() }},

        -- numerics
        {{ queue_part_list() }},
        {{ queue_rates() }},
        pg_current_xact_id() as changed_xid,

        -- dates
        started_date

    from daily

)

select * from final
