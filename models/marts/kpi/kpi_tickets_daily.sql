{{ config(
    unique_key='ticket_line_date_id',
    indexes=[
        {'columns': ['activity_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'fct_ticket_days', 'key': 'ticket_line_date_id'}],
    }
) }}

with

ticket_days as (

    select * from {{ ref('fct_ticket_days') }}
    {{ only_touched('ticket_line_date_id') }}

),

daily as (

    select
        ticket_line_date_id,
        ticket_line_id,
        source_name,
        channel,
        queue_name,
        priority,
        {% for measure in ticket_measures() %}
            sum({{ measure }})::bigint as {{ measure }},
        {% endfor %}
        activity_date
    from ticket_days
    group by
        ticket_line_date_id,
        ticket_line_id,
        source_name,
        channel,
        queue_name,
        priority,
        activity_date

),

final as (

    select

        -- ids
        ticket_line_date_id,
        ticket_line_id,

        -- strings
        source_name,
        channel,
        queue_name,
        priority,

        -- numerics
        {% for measure in ticket_measures() %}
            {{ measure }},
        {% endfor %}
        (
            csat_satisfied_count::numeric / nullif(csat_answer_count, 0)
        )::numeric(5, 4) as csat_rate,
        (
            sla_met_count::numeric / nullif(sla_met_count + sla_breached_count, 0)
        )::numeric(5, 4) as sla_met_rate,
        (
            one_touch_count::numeric / nullif(full_resolution_count, 0)
        )::numeric(5, 4) as one_touch_rate,
        pg_current_xact_id() as changed_xid,

        -- dates
        activity_date

    from daily

)

select * from final
