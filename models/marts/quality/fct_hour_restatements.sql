{% set measures = [
    'contact_count',
    'offered_count',
    'handled_count',
    'abandoned_count',
    'first_response_count',
    'first_response_seconds_sum',
    'handle_seconds_sum',
    'resolved_count',
    'csat_answer_count',
    'complaint_count',
] %}

{#
    History of what was published. It cannot be drawn from the sources again, so a
    rebuild adds to it and forgets nothing
#}
{{ config(
    unique_key=['channel_hour_id', 'version_number'],
    full_refresh=false,
    indexes=[
        {'columns': ['hour_started_at']},
        {'columns': ['published_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_key': 'channel_hour_id',
        'touched_by': [{'parent': 'kpi_channel_hourly', 'key': 'channel_hour_id'}],
    }
) }}

with

hours as (

    select * from {{ ref('kpi_channel_hourly') }}
    {{ only_touched('channel_hour_id') }}

),

published as (

    {{ published_hours(measures) }}

),

-- imported anew: read twice, an import would be written down whole
former_publications as (

    {{ published_hours(measures) }}

),

last_published as (

    select distinct on (channel_hour_id) *
    from published
    order by channel_hour_id asc, version_number desc

),

compared as (

    -- an hour that has lost all its contacts counts nothing
    select
        coalesce(hours.channel_hour_id, last_published.channel_hour_id)
            as channel_hour_id,
        coalesce(hours.channel, last_published.channel) as channel,
        coalesce(hours.hour_started_at, last_published.hour_started_at)
            as hour_started_at,
        coalesce(last_published.version_number, 0) + 1 as version_number,
        last_published.published_at as former_published_at,
        {% for measure in measures %}
            coalesce(hours.{{ measure }}, 0) as {{ measure }},
            last_published.{{ measure }} as former_{{ measure }},
        {% endfor %}
        {{ as_of() }} as published_at
    from hours
    full join last_published
        on hours.channel_hour_id = last_published.channel_hour_id

),

fresh as (

    select
        channel_hour_id,
        channel,
        version_number,
        {% for measure in measures %}
            {{ measure }},
            {{ measure }} - former_{{ measure }} as {{ measure }}_change,
        {% endfor %}
        -- while the hour runs and for a first time it is published, not restated
        coalesce(former_published_at >= hour_started_at + interval '1 hour', false)
            as is_restatement,
        hour_started_at,
        published_at
    from compared
    where
        version_number = 1
        {% for measure in measures %}
            or {{ measure }} != former_{{ measure }}
        {% endfor %}

),

every_publication as (

    select
        channel_hour_id,
        channel,
        version_number,
        {% for measure in measures %}
            {{ measure }},
            {{ measure }}_change,
        {% endfor %}
        is_restatement,
        hour_started_at,
        published_at
    from former_publications
    union all
    select
        channel_hour_id,
        channel,
        version_number,
        {% for measure in measures %}
            {{ measure }},
            {{ measure }}_change,
        {% endfor %}
        is_restatement,
        hour_started_at,
        published_at
    from fresh

),

final as (

    select

        -- ids
        channel_hour_id,

        -- strings
        channel,

        -- numerics
        version_number,
        {% for measure in measures %}
            {{ measure }},
            {{ measure }}_change,
        {% endfor %}
        greatest(
            {{ seconds_between('hour_started_at', 'published_at') }} - 3600, 0
        ) as published_after_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_restatement,

        -- dates
        {{ business_date('hour_started_at') }} as started_date,
        {{ business_date('published_at') }} as published_date,

        -- timestamps
        hour_started_at,
        published_at

    from every_publication

)

select * from final
