{{ config(
    unique_key='channel_hour_id',
    indexes=[
        {'columns': ['hour_started_at']},
        {'columns': ['channel_date_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'fct_interactions', 'key': 'channel_hour_id'}],
        'moves': ['channel_date_id'],
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('channel_hour_id') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

hourly as (

    select
        channel_hour_id,
        channel,
        {{ business_hour('started_at') }} as hour_started_at,
        {{ channel_parts() }}
    from interactions
    where channel_hour_id is not null
    group by channel_hour_id, channel, {{ business_hour('started_at') }}

),

final as (

    select

        -- ids
        hourly.channel_hour_id,
        {{ channel_date_id('hourly.channel', 'hourly.hour_started_at') }}
            as channel_date_id,

        -- strings
        hourly.channel,
        case
            when not coalesce(channels.has_abandonment, false)
                then 'no_abandonment_on_channel'
        end as abandoned_count_reason,

        -- numerics
        {{ channel_part_columns('hourly', 'channels') }},
        {{ channel_rates('hourly', 'channels') }},
        pg_current_xact_id() as changed_xid,

        -- dates
        {{ business_date('hourly.hour_started_at') }} as started_date,

        -- timestamps
        hourly.hour_started_at

    from hourly
    left join channels
        on hourly.channel = channels.channel

)

select * from final
