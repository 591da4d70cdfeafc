{# a duration counts in the fences of the weeks after it, and of the first weeks #}
{% set nearby_weeks %}
unnest(array(
    select
        split_part(fresh_key, '|', 1) || '|' || split_part(fresh_key, '|', 2) || '|'
        || (split_part(fresh_key, '|', 3)::date + 7 * step_number)
    from generate_series({{ 1 - (var('fence_weeks') | int) }}, {{ var('fence_weeks') }})
        as steps (step_number)
))
{% endset %}

{{ config(
    unique_key='duration_fence_id',
    indexes=[
        {'columns': ['duration_fence_id'], 'unique': true},
        {'columns': ['fence_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_durations__counted',
                'key': 'fence_id',
                'each': nearby_weeks,
            },
        ],
        'touched_key': 'fence_id',
        'moves': ['fence_id'],
        'quiet': ['basis_count'],
    }
) }}

with

weeks as (

    select distinct
        fence_id,
        series_id,
        channel,
        queue_name,
        measure,
        week_date
    from {{ ref('int_durations__counted') }}
    {{ only_touched('fence_id') }}

),

-- imported anew for each look-up, so that each can use its index
first_counts as (

    select * from {{ ref('int_durations__counted') }}

),

earlier_counts as (

    select * from {{ ref('int_durations__counted') }}

),

windows as (

    -- the weeks before; while there are not enough of them, the first ones there are
    select
        weeks.*,
        greatest(
            weeks.week_date - 7 * {{ var('fence_weeks') }}, starts.first_date
        ) as window_starts_date
    from weeks
    cross join lateral (
        select min(first_counts.week_date) as first_date
        from first_counts
        where
            first_counts.series_id = weeks.series_id
            and first_counts.measure = weeks.measure
    ) as starts

),

pooled as (

    select
        windows.fence_id,
        windows.channel,
        windows.queue_name,
        windows.measure,
        earlier_counts.bin_number,
        sum(earlier_counts.duration_count) as duration_count,
        windows.week_date
    from windows
    cross join generate_series(0, {{ var('fence_weeks') }} - 1) as steps (step_number)
    inner join earlier_counts
        on
            windows.series_id = earlier_counts.series_id
            and windows.measure = earlier_counts.measure
            and windows.window_starts_date + 7 * steps.step_number
            = earlier_counts.week_date
    group by
        windows.fence_id,
        windows.channel,
        windows.queue_name,
        windows.measure,
        earlier_counts.bin_number,
        windows.week_date

),

ranked as (

    select
        *,
        sum(duration_count) over in_order as count_to_here,
        sum(duration_count) over (partition by fence_id, measure) as total_count
    from pooled
    window in_order as (partition by fence_id, measure order by bin_number asc)

),

quartiles as (

    select
        fence_id,
        channel,
        queue_name,
        measure,
        max(total_count) as basis_count,
        (min(bin_number) filter (where count_to_here >= 0.25 * total_count) + 0.5)
        / 40.0 as first_quartile_ln,
        (min(bin_number) filter (where count_to_here >= 0.75 * total_count) + 0.5)
        / 40.0 as third_quartile_ln,
        week_date
    from ranked
    group by fence_id, channel, queue_name, measure, week_date

),

final as (

    -- asymmetric, because durations have a long right tail even on this scale; a fence
    -- of two thousand years is one too
    select
        {{ surrogate_key(['fence_id', 'measure']) }} as duration_fence_id,
        fence_id,
        channel,
        queue_name,
        measure,
        basis_count::bigint as basis_count,
        exp(first_quartile_ln - 3 * (third_quartile_ln - first_quartile_ln))
        ::numeric(14, 3) as lower_fence_seconds,
        exp(
            least(third_quartile_ln + 1.5 * (third_quartile_ln - first_quartile_ln), 25)
        )::numeric(14, 3) as upper_fence_seconds,
        pg_current_xact_id() as changed_xid,
        week_date
    from quartiles

)

select * from final
