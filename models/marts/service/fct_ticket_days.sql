{{ config(
    unique_key='ticket_day_id',
    indexes=[
        {'columns': ['ticket_id']},
        {'columns': ['ticket_line_date_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_tickets', 'key': 'ticket_id'},
            {'parent': 'fct_backlog_moves', 'key': 'ticket_id'},
            {'parent': 'fct_replies', 'key': 'ticket_id'},
            {'parent': 'fct_sla_events', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
        'moves': ['ticket_line_date_id'],
    }
) }}
{# what happens on which day, and what it adds to the measures of that day #}
{% set happenings = [
    {
        'rows': 'moves',
        'date': 'moves.move_date',
        'created_count': 'moves.arrived_count',
        'reopened_count': 'moves.reopened_count',
        'resolved_count': 'moves.resolved_count',
    },
    {
        'rows': 'replies',
        'date': business_date('replies.replied_at'),
        'reply_count': '1',
        'timed_reply_count': '(replies.reply_seconds is not null)::integer',
        'reply_seconds_sum': 'replies.reply_seconds',
    },
    {
        'rows': 'first_replied_tickets',
        'date': business_date('first_replied_tickets.first_reply_at'),
        'first_reply_count': '1',
        'first_reply_seconds_sum': 'first_replied_tickets.first_reply_seconds',
        'first_reply_business_count':
            '(first_replied_tickets.first_reply_business_seconds is not null)::integer',
        'first_reply_business_seconds_sum':
            'first_replied_tickets.first_reply_business_seconds',
        'first_reply_within_1_hour_count':
            '(first_replied_tickets.first_reply_seconds <= 3600)::integer',
        'first_reply_within_4_hours_count':
            '(first_replied_tickets.first_reply_seconds <= 14400)::integer',
        'first_reply_within_8_hours_count':
            '(first_replied_tickets.first_reply_seconds <= 28800)::integer',
        'first_reply_within_24_hours_count':
            '(first_replied_tickets.first_reply_seconds <= 86400)::integer',
    },
    {
        'rows': 'resolved_tickets',
        'date': 'resolved_tickets.resolved_date',
        'full_resolution_count': '1',
        'first_resolution_seconds_sum': 'resolved_tickets.first_resolution_seconds',
        'full_resolution_seconds_sum': 'resolved_tickets.full_resolution_seconds',
        'full_resolution_business_count':
            '(resolved_tickets.full_resolution_business_seconds is not null)::integer',
        'full_resolution_business_seconds_sum':
            'resolved_tickets.full_resolution_business_seconds',
        'requester_wait_seconds_sum': 'resolved_tickets.requester_wait_seconds',
        'no_touch_count': "(resolved_tickets.touch_class = '0')::integer",
        'one_touch_count': "(resolved_tickets.touch_class = '1')::integer",
        'two_touch_count': "(resolved_tickets.touch_class = '2')::integer",
        'multi_touch_count': "(resolved_tickets.touch_class = '3+')::integer",
        'handoff_count': 'resolved_tickets.handoff_count',
        'csat_answer_count': '(resolved_tickets.csat_score is not null)::integer',
        'csat_satisfied_count': '(resolved_tickets.csat_score >= 4)::integer',
        'csat_score_sum': 'resolved_tickets.csat_score',
    },
    {
        'rows': 'ruled_sla_events',
        'date': business_date(
            'coalesce(ruled_sla_events.breached_at, ruled_sla_events.ended_at)'
        ),
        'sla_met_count': "(ruled_sla_events.state = 'met')::integer",
        'sla_breached_count': "(ruled_sla_events.state = 'breached')::integer",
    },
] %}

with

tickets as (

    select * from {{ ref('fct_tickets') }}
    {{ only_touched('ticket_id') }}

),

all_moves as (

    select * from {{ ref('fct_backlog_moves') }}
    {{ only_touched('ticket_id') }}

),

replies as (

    select * from {{ ref('fct_replies') }}
    {{ only_touched('ticket_id') }}

),

sla_events as (

    select * from {{ ref('fct_sla_events') }}
    {{ only_touched('ticket_id') }}

),

counted_tickets as (

    select * from tickets
    where not is_deleted

),

moves as (

    -- days on which a ticket only grew older are the backlog's
    select * from all_moves
    where arrived_count + reopened_count + resolved_count > 0

),

first_replied_tickets as (

    select * from counted_tickets
    where first_reply_seconds is not null

),

resolved_tickets as (

    select * from counted_tickets
    where full_resolution_seconds is not null

),

ruled_sla_events as (

    select * from sla_events
    where state in ('met', 'breached')

),

happened as (

    {% for happening in happenings %}
        select
            {{ happening['rows'] }}.ticket_id,
            {% for measure in ticket_measures() %}
                ({{ happening[measure] or 0 }})::integer as {{ measure }},
            {% endfor %}
            {{ happening['date'] }} as activity_date
        from {{ happening['rows'] }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

daily as (

    select
        ticket_id,
        {% for measure in ticket_measures() %}
            coalesce(sum({{ measure }}), 0)::bigint as {{ measure }},
        {% endfor %}
        activity_date
    from happened
    group by ticket_id, activity_date

),

lines as (

    select
        counted_tickets.ticket_id,
        counted_tickets.source_name,
        counted_tickets.channel,
        counted_tickets.queue_name,
        counted_tickets.priority,
        {{ ticket_line_id('counted_tickets') }} as ticket_line_id
    from counted_tickets

),

final as (

    select

        -- ids
        daily.ticket_id || '|' || daily.activity_date as ticket_day_id,
        daily.ticket_id,
        lines.ticket_line_id,
        lines.ticket_line_id || '|' || daily.activity_date as ticket_line_date_id,

        -- strings
        lines.source_name,
        lines.channel,
        lines.queue_name,
        lines.priority,

        -- numerics
        {% for measure in ticket_measures() %}
            daily.{{ measure }},
        {% endfor %}
        pg_current_xact_id() as changed_xid,

        -- dates
        daily.activity_date

    from daily
    inner join lines
        on daily.ticket_id = lines.ticket_id

)

select * from final
