{#
    A model of the promises on live tickets that meet a condition, by channel, queue, metric
    and priority: what rules on service levels are judged by
#}
{% macro promises_to_alert(condition) %}
with

promises as (

    select * from {{ ref('fct_sla_at_risk') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by channel, queue_name, metric, priority
            order by remaining_seconds asc, sla_event_id asc
        ) as line_rank
    from promises
    where {{ condition }}

),

grouped as (

    select
        channel,
        queue_name,
        metric,
        priority,
        count(*) as promise_count,
        jsonb_agg(
            jsonb_build_object(
                'kind', 'ticket_id',
                'id', source_ticket_id,
                'value', remaining_seconds,
                'unit', 'seconds'
            )
            order by remaining_seconds asc
        ) filter (where line_rank <= 5) as offenders
    from ranked
    group by channel, queue_name, metric, priority

),

final as (

    select

        -- ids
        {{ surrogate_key(['channel', 'queue_name', 'metric', 'priority']) }}
            as alert_id,

        -- strings
        channel,
        queue_name,
        metric,
        priority,

        -- numerics
        promise_count::numeric as alert_value,
        promise_count as sample_count,
        offenders,

        -- timestamps
        {{ as_of() }} as counted_at

    from grouped

)

select * from final
{% endmacro %}
