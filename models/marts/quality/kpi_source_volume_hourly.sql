{% set weeks = 8 %}
{% set fewest_weeks = 4 %}

{#
    An hour is expected to bring something when one of the eight weeks before it did, so
    hours of silence have their row. The rows of hours to come wait for their end
#}
{{ config(
    unique_key='source_hour_id',
    indexes=[
        {'columns': ['hour_started_at']},
        {'columns': ['hour_ended_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{
            'parent': 'int_source_hours__counted',
            'key': 'source_hour_id',
            'each': "
                split_part(fresh_key, '|', 1) || '|' || split_part(fresh_key, '|', 2)
                || '|' || generate_series(
                    split_part(fresh_key, '|', 3)::bigint,
                    split_part(fresh_key, '|', 3)::bigint + 8 * 168,
                    168
                )
            ",
        }],
        'running': 'not is_over and hour_ended_at <= :as_of',
    }
) }}

with

source_hours as (

    select * from {{ ref('int_source_hours__counted') }}

),

-- imported anew: read twice, an import would be written down whole
first_hours as (

    select * from {{ ref('int_source_hours__counted') }}

),

{% if this and is_incremental() %}
    candidates as (

        select touched_key as source_hour_id
        from {{ touched_table() }}

    ),
{% else %}
    seen_hours as (

        select * from {{ ref('int_source_hours__counted') }}

    ),

    candidates as (

        select distinct
            seen_hours.source_name || '|' || seen_hours.table_name || '|'
            || seen_hours.hour_number + weeks_later.week_count * 168 as source_hour_id
        from seen_hours
        cross join generate_series(0, {{ weeks }}) as weeks_later (week_count)

    ),
{% endif %}

taken_apart as (

    select
        source_hour_id,
        split_part(source_hour_id, '|', 1) as source_name,
        split_part(source_hour_id, '|', 2) as table_name,
        split_part(source_hour_id, '|', 3)::bigint as hour_number
    from candidates

),

begun as (

    select
        taken_apart.source_hour_id,
        taken_apart.source_name,
        taken_apart.table_name,
        taken_apart.hour_number,
        first_hour.hour_number as first_hour_number
    from taken_apart
    cross join
        lateral (
            select min(first_hours.hour_number) as hour_number
            from first_hours
            where
                taken_apart.source_name = first_hours.source_name
                and taken_apart.table_name = first_hours.table_name
        ) as first_hour

),

weekly as (

    select
        begun.source_hour_id,
        begun.source_name,
        begun.table_name,
        begun.hour_number,
        -- weeks before the first arrival say nothing of silence
        begun.hour_number - 168 * weeks_before.week_count >= begun.first_hour_number
            as has_begun,
        weeks_before.week_count,
        source_hours.source_hour_id is not null as has_landed,
        coalesce(source_hours.row_count, 0) as row_count,
        coalesce(source_hours.file_count, 0) as file_count,
        coalesce(source_hours.unreadable_count, 0) as unreadable_count
    from begun
    cross join generate_series(0, {{ weeks }}) as weeks_before (week_count)
    {{ looked_up(
        'source_hours',
        "begun.source_name || '|' || begun.table_name || '|'
            || (begun.hour_number - 168 * weeks_before.week_count)
            = source_hours.source_hour_id",
        kind='left'
    ) }}

),

hourly as (

    select
        source_hour_id,
        source_name,
        table_name,
        to_timestamp(hour_number * 3600) as hour_started_at,
        to_timestamp((hour_number + 1) * 3600) as hour_ended_at,
        sum(row_count) filter (where week_count = 0) as row_count,
        sum(file_count) filter (where week_count = 0) as file_count,
        sum(unreadable_count) filter (where week_count = 0) as unreadable_count,
        count(*) filter (where week_count > 0 and has_begun) as week_count,
        array_agg(row_count) filter (where week_count > 0 and has_begun)
            as former_row_counts,
        percentile_cont(0.5) within group (
            order by row_count
        ) filter (where week_count > 0 and has_begun) as usual_row_count
    from weekly
    group by source_hour_id, source_name, table_name, hour_number
    having bool_or(has_landed)

),

spread as (

    select
        hourly.*,
        deviations.usual_deviation,
        -- a series that never moves may still move by a quarter
        greatest(
            3.5 * 1.4826 * deviations.usual_deviation,
            0.25 * hourly.usual_row_count
        ) as tolerance,
        hourly.hour_ended_at <= {{ as_of() }} as is_over
    from hourly
    cross join
        lateral (
            select
                percentile_cont(0.5) within group (
                    order by abs(former.row_count - hourly.usual_row_count)
                ) as usual_deviation
            from unnest(hourly.former_row_counts) as former (row_count)
        ) as deviations

),

judged as (

    select
        *,
        case
            when not is_over then 'hour_not_over'
            when week_count < {{ fewest_weeks }} then 'too_few_weeks'
        end as volume_reason
    from spread

),

final as (

    select

        -- ids
        source_hour_id,

        -- strings
        source_name,
        table_name,
        case
            when volume_reason is not null then null
            when row_count = 0 and usual_row_count - tolerance > 0 then 'silent'
            when row_count < usual_row_count - tolerance then 'low'
            when row_count > usual_row_count + tolerance then 'high'
            else 'usual'
        end as volume_state,
        volume_reason,

        -- numerics
        row_count::bigint as row_count,
        file_count::bigint as file_count,
        unreadable_count::bigint as unreadable_count,
        week_count,
        case when volume_reason is null then usual_row_count end::numeric(14, 1)
            as usual_row_count,
        case
            when volume_reason is null then greatest(usual_row_count - tolerance, 0)
        end::numeric(14, 1) as lowest_usual_row_count,
        case
            when volume_reason is null then usual_row_count + tolerance
        end::numeric(14, 1) as highest_usual_row_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_over,

        -- dates
        {{ business_date('hour_started_at') }} as started_date,

        -- timestamps
        hour_started_at,
        hour_ended_at

    from judged

)

select * from final
