{{ config(materialized='table') }}

with

hours as (

    select * from {{ ref('kpi_source_volume_hourly') }}

),

last_hours as (

    select distinct on (source_name, table_name) *
    from hours
    where
        is_over
        and hour_ended_at > {{ as_of() }} - interval '3 hours'
        and hour_ended_at <= {{ as_of() }}
    order by source_name asc, table_name asc, hour_started_at desc

),

final as (

    select

        -- ids
        {{ surrogate_key(['source_name', 'table_name']) }} as alert_id,

        -- strings
        source_name,
        table_name,
        volume_state,

        -- numerics
        (abs(row_count - usual_row_count) / nullif(usual_row_count, 0))::numeric(12, 4)
            as alert_value,
        row_count as sample_count,
        jsonb_build_array(
            jsonb_build_object(
                'kind', 'source',
                'id', source_name || '.' || table_name,
                'value', row_count,
                'unit', 'count'
            )
        ) as offenders,

        -- timestamps
        {{ as_of() }} as counted_at

    from last_hours
    where volume_state in ('silent', 'low', 'high')

)

select * from final
