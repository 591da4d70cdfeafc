{% set age_classes = [
    'under_1_day', 'under_3_days', 'under_7_days', 'under_30_days', 'over_30_days',
] %}

{{ config(
    unique_key='ticket_line_date_id',
    indexes=[
        {'columns': ['ticket_line_id']},
        {'columns': ['calendar_date']},
        {'columns': ['is_latest']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_backlog_moves', 'key': 'ticket_line_id'},
            {
                'parent': 'fct_backlog_moves',
                'key': 'ticket_line_id',
                'where': 'move_date > (select max(calendar_date) from :this) and move_date <= '
                ~ business_date(':as_of'),
                'always': true,
            },
        ],
        'touched_key': 'ticket_line_id',
        'running': 'calendar_date > ' ~ business_date(':as_of')
        ~ ' or is_latest and calendar_date < ' ~ business_date(':as_of'),
        'quiet': ['is_latest'],
    }
) }}

with

moves as (

    select * from {{ ref('fct_backlog_moves') }}
    {{ only_touched('ticket_line_id') }}

),

moved as (

    select
        ticket_line_id,
        source_name,
        channel,
        queue_name,
        priority,
        sum(arrived_count)::bigint as arrived_count,
        sum(reopened_count)::bigint as reopened_count,
        sum(resolved_count)::bigint as resolved_count,
        {% for age_class in age_classes %}
            sum({{ age_class }}_change_count)::bigint as {{ age_class }}_change_count,
        {% endfor %}
        move_date
    from moves
    where move_date <= {{ business_date(as_of()) }}
    group by ticket_line_id, source_name, channel, queue_name, priority, move_date

),

lines as (

    select
        ticket_line_id,
        source_name,
        channel,
        queue_name,
        priority,
        min(move_date) as first_date
    from moved
    group by ticket_line_id, source_name, channel, queue_name, priority

),

days as (

    select
        lines.*,
        day.calendar_day::date as calendar_date
    from lines
    cross join lateral generate_series(
        lines.first_date::timestamp,
        {{ business_date(as_of()) }}::timestamp,
        interval '1 day'
    ) as day (calendar_day)

),

summed as (

    select
        days.ticket_line_id,
        days.source_name,
        days.channel,
        days.queue_name,
        days.priority,
        coalesce(moved.arrived_count, 0) as arrived_count,
        coalesce(moved.reopened_count, 0) as reopened_count,
        coalesce(moved.resolved_count, 0) as resolved_count,
        coalesce(
            sum(moved.arrived_count + moved.reopened_count - moved.resolved_count)
                over line_days,
            0
        )::bigint as closing_count,
        {% for age_class in age_classes %}
            coalesce(sum(moved.{{ age_class }}_change_count) over line_days, 0)::bigint
                as {{ age_class }}_count,
        {% endfor %}
        days.calendar_date
    from days
    left join moved
        on
            days.ticket_line_id = moved.ticket_line_id
            and days.calendar_date = moved.move_date
    window
        line_days as (
            partition by days.ticket_line_id
            order by days.calendar_date asc
            rows between unbounded preceding and current row
        )

),

final as (

    select

        -- ids
        ticket_line_id || '|' || calendar_date as ticket_line_date_id,
        ticket_line_id,

        -- strings
        source_name,
        channel,
        queue_name,
        priority,

        -- numerics
        closing_count - arrived_count - reopened_count + resolved_count
            as opening_count,
        arrived_count,
        reopened_count,
        resolved_count,
        closing_count,
        {% for age_class in age_classes %}
            {{ age_class }}_count,
        {% endfor %}
        pg_current_xact_id() as changed_xid,

        -- booleans
        calendar_date = {{ business_date(as_of()) }} as is_latest,

        -- dates
        calendar_date

    from summed
    -- days without a ticket and without a move add nothing
    where closing_count <> 0 or arrived_count + reopened_count + resolved_count <> 0

)

select * from final
