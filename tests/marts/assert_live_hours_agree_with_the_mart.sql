{{ config(meta={'dagster': {'ref': {'name': 'kpi_channel_hourly'}}}) }}

-- what the triggers keep and what the build makes is one number, hour by hour, once the
-- build has read all that the hour is made of
with

marts as (

    select
        channel,
        hour_started_at,
        {{ live_hour_part_list() }}
    from {{ ref('kpi_channel_hourly') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

{% if live_is_kept() %}
    settings as (

        select kept_from
        from {{ live_schema() }}.settings
        where filled_at is not null

    ),

    heard as (

        select
            source_name,
            channel
        from {{ live_schema() }}.feed_tables
        where channel is not null
        group by source_name, channel

    ),

    -- channels of which something is still to be looked at
    behind as (

        select heard.channel
        from {{ live_schema() }}.pending
        inner join heard
            on pending.source_name = heard.source_name

    ),

    built as (

        {{ live_built_models() }}

    ),

    -- hours that changed after the build had read them
    ahead as (

        select distinct
            minutes.channel,
            {{ business_hour('minutes.minute') }} as hour_started_at
        from {{ live_schema() }}.minutes
        inner join built
            on minutes.channel = built.channel
        where
            built.snapshot is null
            or not pg_visible_in_snapshot(minutes.changed_xid, built.snapshot)

    ),

    -- contacts that come another way: of tickets, transcripts, public data
    unheard as (

        select
            channel,
            {{ business_hour('started_at') }} as hour_started_at,
            {{ channel_parts() }}
        from interactions
        where
            started_at >= (select settings.kept_from from settings)
            and source_name not in (select heard.source_name from heard)
        group by channel, {{ business_hour('started_at') }}

    ),

    expected as (

        select
            marts.channel,
            marts.hour_started_at,
            {{ live_hour_parts_without('marts', 'unheard') }}
        from marts
        left join unheard
            on
                marts.channel = unheard.channel
                and marts.hour_started_at = unheard.hour_started_at

    ),

    live_hours as (

        select * from {{ live_schema() }}.channel_hours

    ),

    compared as (

        select
            coalesce(expected.channel, live_hours.channel) as channel,
            coalesce(expected.hour_started_at, live_hours.hour_started_at)
                as hour_started_at,
            expected.contact_count,
            live_hours.contact_count as live_contact_count,
            {{ live_hours_differ('expected', 'live_hours') }} as is_different
        from expected
        full join live_hours
            on
                expected.channel = live_hours.channel
                and expected.hour_started_at = live_hours.hour_started_at

    )

    select compared.*
    from compared
    cross join settings
    left join ahead
        on
            compared.channel = ahead.channel
            and compared.hour_started_at = ahead.hour_started_at
    where
        compared.is_different
        and ahead.channel is null
        and compared.hour_started_at >= settings.kept_from
        and compared.channel in (select heard.channel from heard)
        and compared.channel not in (select behind.channel from behind)
{% else %}
    nothing_kept as (

        select marts.channel
        from marts
        cross join interactions
        where false

    )

    select * from nothing_kept
{% endif %}
