{{ config(
    unique_key='channel_date_id',
    indexes=[
        {'columns': ['started_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'kpi_channel_hourly', 'key': 'channel_date_id'}],
    }
) }}

with

hours as (

    select * from {{ ref('kpi_channel_hourly') }}
    {{ only_touched('channel_date_id') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

daily as (

    select
        channel_date_id,
        channel,
        started_date,
        {{ channel_part_sums() }}
    from hours
    group by channel_date_id, channel, started_date

),

final as (

    select

        -- ids
        daily.channel_date_id,

        -- strings
        daily.channel,
        case
            when not coalesce(channels.has_abandonment, false)
                then 'no_abandonment_on_channel'
        end as abandoned_count_reason,

        -- numerics
        {{ channel_part_columns('daily', 'channels') }},
        {{ channel_rates('daily', 'channels') }},
        pg_current_xact_id() as changed_xid,

        -- dates
        daily.started_date

    from daily
    left join channels
        on daily.channel = channels.channel

)

select * from final
