{#
    What kpi_agent_daily counts of the work of one agent on one day, with the column of
    fct_agent_contacts or the condition it comes from.
    Definitions in words: models/marts/kpi/_floor__docs.md
#}
{% macro agent_contact_parts() -%}
    {% set counts = {
        'handled_count': 'is_handled',
        'transferred_out_count': 'is_transferred_out',
        'handle_count': 'is_handled and handle_seconds is not null',
        'talk_count': 'is_handled and talk_seconds is not null',
        'hold_count': 'is_handled and hold_seconds is not null',
        'after_work_count': 'is_handled and after_work_seconds is not null',
        'outbound_count': 'is_outbound',
        'contact_count': "work_kind = 'contact' and not is_outbound",
        'resolution_known_count': 'is_resolution_known',
        'resolved_count': 'is_resolved',
        'complaint_count': 'is_complaint',
        'fcr_known_count': 'is_fcr_known',
        'fcr_count': 'is_fcr',
        'csat_answer_count': 'csat_score is not null',
        'csat_satisfied_count': 'csat_score >= 4',
    } %}
    {% set sums = {
        'handle_seconds_sum': 'handle_seconds) filter (where is_handled',
        'talk_seconds_sum': 'talk_seconds) filter (where is_handled',
        'hold_seconds_sum': 'hold_seconds) filter (where is_handled',
        'after_work_seconds_sum': 'after_work_seconds) filter (where is_handled',
        'outbound_seconds_sum': 'handle_seconds) filter (where is_outbound',
        'csat_score_sum': 'csat_score',
    } %}
    {%- for name, condition in counts.items() -%}
        count(*) filter (where {{ condition }}) as {{ name }},
        {{ '' }}
    {%- endfor -%}
    {%- for name, summed in sums.items() -%}
        coalesce(sum({{ summed }}), 0)::bigint as {{ name }}
        {{- ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro agent_contact_names() %}
    {{ return([
        'contact_count',
        'handled_count',
        'outbound_count',
        'transferred_out_count',
        'handle_count',
        'handle_seconds_sum',
        'talk_count',
        'talk_seconds_sum',
        'hold_count',
        'hold_seconds_sum',
        'after_work_count',
        'after_work_seconds_sum',
        'outbound_seconds_sum',
        'resolution_known_count',
        'resolved_count',
        'complaint_count',
        'fcr_known_count',
        'fcr_count',
        'csat_answer_count',
        'csat_satisfied_count',
        'csat_score_sum',
    ]) }}
{% endmacro %}


{#
    What an agent can be in at one moment, each a level that counts how many stays, shifts
    or contacts of that kind are running
#}
{% macro agent_levels() %}
    {{ return([
        'handling',
        'available',
        'training',
        'break',
        'other',
        'planned_work',
        'planned_training',
        'planned_break',
        'contact',
    ]) }}
{% endmacro %}


{# the moments at which intervals of one kind begin and end, in the shape of all kinds #}
{% macro agent_moments(rows, kinds, started_at, ended_at) -%}
    select
        {{ rows }}.agent_date_id,
        edge.moment,
        {%- for level in agent_levels() %}
        {%- if level in kinds %}
        case when {{ kinds[level] }} then edge.change else 0 end as {{ level }}_change
        {%- else %}
        0 as {{ level }}_change
        {%- endif -%}
        {{ ',' if not loop.last }}
        {%- endfor %}
    from {{ rows }}
    cross join lateral (
        values
        ({{ rows }}.{{ started_at }}, 1),
        ({{ rows }}.{{ ended_at }}, -1)
    ) as edge (moment, change)
    where {{ rows }}.{{ ended_at }} > {{ rows }}.{{ started_at }}
{%- endmacro %}
