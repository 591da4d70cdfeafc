{{ config(
    unique_key='duration_count_id',
    indexes=[
        {'columns': ['duration_count_id'], 'unique': true},
        {'columns': ['fence_id']},
        {'columns': ['series_id', 'measure', 'week_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'int_interactions__unioned', 'key': 'fence_id'}],
        'touched_key': 'fence_id',
        'moves': ['fence_id'],
    }
) }}

with

interactions as (

    select * from {{ ref('int_interactions__unioned') }}
    {{ only_touched('fence_id') }}

),

measured as (

    select
        interactions.fence_id,
        interactions.channel,
        coalesce(interactions.queue_name, '-') as queue_name,
        durations.measure,
        durations.duration_seconds,
        {{ business_week('interactions.started_at') }} as week_date
    from interactions
    cross join
        lateral (
            values
            ('first_response', interactions.first_response_seconds),
            ('handle', interactions.handle_seconds)
        ) as durations (measure, duration_seconds)
    where interactions.started_at is not null and durations.duration_seconds > 0

),

counted as (

    -- bins of a fortieth on the logarithm: quartiles to 2.5 %, and a late row seldom
    -- moves one
    select
        fence_id,
        channel,
        queue_name,
        measure,
        floor(ln(duration_seconds) * 40)::integer as bin_number,
        count(*) as duration_count,
        week_date
    from measured
    group by fence_id, channel, queue_name, measure, bin_number, week_date

),

final as (

    select
        {{ surrogate_key(['fence_id', 'measure', 'bin_number']) }} as duration_count_id,
        fence_id,
        {{ surrogate_key(['channel', 'queue_name']) }} as series_id,
        channel,
        queue_name,
        measure,
        bin_number,
        duration_count,
        pg_current_xact_id() as changed_xid,
        week_date
    from counted

)

select * from final
