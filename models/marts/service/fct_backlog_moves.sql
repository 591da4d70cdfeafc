{% set age_classes = [
    ('under_1_day', 0, 1),
    ('under_3_days', 1, 3),
    ('under_7_days', 3, 7),
    ('under_30_days', 7, 30),
    ('over_30_days', 30, none),
] %}

{{ config(
    unique_key='backlog_move_id',
    indexes=[
        {'columns': ['ticket_id']},
        {'columns': ['ticket_line_id']},
        {'columns': ['move_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_tickets', 'key': 'ticket_id'},
            {'parent': 'fct_ticket_status_spans', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
        'moves': ['ticket_line_id'],
    }
) }}

with

tickets as (

    select * from {{ ref('fct_tickets') }}
    {{ only_touched('ticket_id') }}

),

spans as (

    select * from {{ ref('fct_ticket_status_spans') }}
    {{ only_touched('ticket_id') }}

),

counted_tickets as (

    select * from tickets
    where not is_deleted

),

entries as (

    select
        ticket_id,
        created_at as entered_at,
        false as is_reopened
    from counted_tickets
    union all
    select
        ticket_id,
        started_at as entered_at,
        true as is_reopened
    from spans
    where is_reopening

),

exits as (

    select
        ticket_id,
        started_at as left_at
    from spans
    where is_resolution
    union all
    -- finished, and the history does not say when: by the last sign of it
    select
        spans.ticket_id,
        coalesce(spans.ended_at, greatest(tickets.updated_at, tickets.created_at))
            as left_at
    from spans
    inner join tickets
        on spans.ticket_id = tickets.ticket_id
    where
        spans.is_cut_off
        or not spans.is_history_known
        and spans.status_category in ('solved', 'closed')

),

numbered_entries as (

    select
        *,
        row_number() over (
            partition by ticket_id
            order by entered_at asc, is_reopened asc
        ) as stay_number
    from entries

),

numbered_exits as (

    select
        *,
        row_number() over (partition by ticket_id order by left_at asc) as stay_number
    from exits

),

stays as (

    select
        numbered_entries.ticket_id,
        numbered_entries.is_reopened,
        {{ business_date('numbered_entries.entered_at') }} as entered_date,
        {{ business_date('numbered_exits.left_at') }} as left_date,
        counted_tickets.created_date
    from numbered_entries
    inner join counted_tickets
        on numbered_entries.ticket_id = counted_tickets.ticket_id
    left join numbered_exits
        on
            numbered_entries.ticket_id = numbered_exits.ticket_id
            and numbered_entries.stay_number = numbered_exits.stay_number

),

ages as (

    -- in a class of age from the first day to before the last, counted at close
    {% for age_class, from_days, to_days in age_classes %}
        select
            ticket_id,
            '{{ age_class }}' as age_class,
            greatest(entered_date, created_date + {{ from_days }}) as from_date,
            {% if to_days %}
                least(left_date, created_date + {{ to_days }})
            {% else %}
                left_date
            {% endif %} as to_date
        from stays
        where
            {% if to_days %}
                greatest(entered_date, created_date + {{ from_days }})
                < least(left_date, created_date + {{ to_days }})
            {% else %}
                left_date is null
                or greatest(entered_date, created_date + {{ from_days }}) < left_date
            {% endif %}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

moves as (

    select
        ticket_id,
        entered_date as move_date,
        (not is_reopened)::integer as arrived_count,
        is_reopened::integer as reopened_count,
        0 as resolved_count,
        null::text as age_class,
        0 as age_change
    from stays
    union all
    select
        ticket_id,
        left_date as move_date,
        0 as arrived_count,
        0 as reopened_count,
        1 as resolved_count,
        null::text as age_class,
        0 as age_change
    from stays
    where left_date is not null
    union all
    select
        ages.ticket_id,
        edges.move_date,
        0 as arrived_count,
        0 as reopened_count,
        0 as resolved_count,
        ages.age_class,
        edges.age_change
    from ages
    cross join
        lateral (
            values (ages.from_date, 1), (ages.to_date, -1)
        ) as edges (move_date, age_change)
    where edges.move_date is not null

),

daily as (

    select
        ticket_id,
        sum(arrived_count)::bigint as arrived_count,
        sum(reopened_count)::bigint as reopened_count,
        sum(resolved_count)::bigint as resolved_count,
        {% for age_class, from_days, to_days in age_classes %}
            coalesce(
                sum(age_change) filter (where age_class = '{{ age_class }}'), 0
            )::bigint as {{ age_class }}_change_count,
        {% endfor %}
        move_date
    from moves
    group by ticket_id, move_date

),

final as (

    select

        -- ids
        daily.ticket_id || '|' || daily.move_date as backlog_move_id,
        daily.ticket_id,
        {{ ticket_line_id('counted_tickets') }} as ticket_line_id,

        -- strings
        counted_tickets.source_name,
        counted_tickets.channel,
        counted_tickets.queue_name,
        counted_tickets.priority,

        -- numerics
        daily.arrived_count,
        daily.reopened_count,
        daily.resolved_count,
        {% for age_class, from_days, to_days in age_classes %}
            daily.{{ age_class }}_change_count,
        {% endfor %}
        pg_current_xact_id() as changed_xid,

        -- dates
        daily.move_date

    from daily
    inner join counted_tickets
        on daily.ticket_id = counted_tickets.ticket_id

)

select * from final
