{#
    The additive parts of the channel KPIs have one home: what each counts
    (`channel_part_definitions`), their names, and the rates that follow from them.
    Definitions in words: models/marts/kpi/_kpi__docs.md
#}
{% macro channel_part_definitions() %}
    {% set parts = {
        'contact_count': 'count(*)',
        'offered_count': 'count(*) filter (where is_offered)',
        'handled_count': 'count(*) filter (where is_handled)',
        'abandoned_count': 'count(*) filter (where is_abandoned)',
        'short_abandoned_count': 'count(*) filter (where is_short_abandoned)',
        'callback_count': 'count(*) filter (where is_callback)',
        'handed_off_count': 'count(*) filter (where is_handed_off)',
        'first_response_count': 'count(first_response_seconds)',
        'first_response_seconds_sum': 'coalesce(sum(first_response_seconds), 0)',
    } %}
    {% for edge in first_response_edges() %}
        {% do parts.update({
            'first_response_within_' ~ edge ~ '_seconds_count':
                'count(*) filter (where first_response_seconds <= ' ~ edge ~ ')'
        }) %}
    {% endfor %}
    {% do parts.update({
        'handle_count': 'count(handle_seconds)',
        'handle_seconds_sum': 'coalesce(sum(handle_seconds), 0)',
    }) %}
    {% for edge in handle_edges() %}
        {% do parts.update({
            'handle_within_' ~ edge ~ '_seconds_count':
                'count(*) filter (where handle_seconds <= ' ~ edge ~ ')'
        }) %}
    {% endfor %}
    {% do parts.update({
        'resolution_known_count': 'count(*) filter (where is_resolution_known)',
        'resolved_count': 'count(*) filter (where is_resolved)',
        'resolution_timed_count': 'count(resolution_seconds)',
        'resolution_seconds_sum': 'coalesce(sum(resolution_seconds), 0)',
        'csat_invitation_count': 'coalesce(sum(csat_invitation_count), 0)',
        'csat_answer_count': 'count(csat_score)',
        'csat_satisfied_count': 'count(*) filter (where csat_score >= 4)',
        'csat_score_sum': 'coalesce(sum(csat_score), 0)',
        'complaint_count': 'count(*) filter (where is_complaint)',
    }) %}
    {{ return(parts) }}
{% endmacro %}


{# upper edges of the histogram of first responses, in seconds #}
{% macro first_response_edges() %}
    {{ return([10, 30, 60, 300, 1800, 3600, 14400, 86400]) }}
{% endmacro %}


{# upper edges of the histogram of handling times, in seconds #}
{% macro handle_edges() %}
    {{ return([60, 180, 300, 600, 1800, 3600]) }}
{% endmacro %}


{% macro channel_part_names() %}
    {{ return(channel_part_definitions().keys() | list) }}
{% endmacro %}


{% macro channel_parts() -%}
    {%- for name, expression in channel_part_definitions().items() -%}
        ({{ expression }})::bigint as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# the parts of several rows added up #}
{% macro channel_part_sums() -%}
    {%- for name in channel_part_names() -%}
        sum({{ name }})::bigint as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro channel_part_list() -%}
    {{ channel_part_names() | join(',\n        ') }}
{%- endmacro %}


{# whether two rows state the same parts; a part that one leaves out counts nothing #}
{% macro channel_parts_differ(one, other) -%}
    {%- for name in channel_part_names() -%}
        coalesce({{ one }}.{{ name }}, 0) != coalesce({{ other }}.{{ name }}, 0)
        {{- '\n    or ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# a channel that cannot be abandoned has no such count, rather than zero of it #}
{% macro channel_part_columns(rows, channels) -%}
    {%- for name in channel_part_names() -%}
        {%- if name in ('abandoned_count', 'short_abandoned_count') -%}
            case when {{ channels }}.has_abandonment then {{ rows }}.{{ name }} end as {{ name }}
        {%- else -%}
            {{ rows }}.{{ name }}
        {%- endif -%}
        {{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro channel_rates(rows, channels) -%}
    ({{ rows }}.handled_count::numeric / nullif({{ rows }}.offered_count, 0))::numeric(5, 4)
        as handled_rate,
    (
        case when {{ channels }}.has_abandonment then {{ rows }}.abandoned_count end::numeric
        / nullif({{ rows }}.offered_count, 0)
    )::numeric(5, 4) as abandonment_rate,
    ({{ rows }}.first_response_seconds_sum::numeric / nullif({{ rows }}.first_response_count, 0))
        ::numeric(12, 1) as average_first_response_seconds,
    ({{ rows }}.handle_seconds_sum::numeric / nullif({{ rows }}.handle_count, 0))
        ::numeric(12, 1) as average_handle_seconds,
    ({{ rows }}.resolved_count::numeric / nullif({{ rows }}.resolution_known_count, 0))
        ::numeric(5, 4) as resolution_rate,
    ({{ rows }}.csat_satisfied_count::numeric / nullif({{ rows }}.csat_answer_count, 0))
        ::numeric(5, 4) as csat_rate,
    ({{ rows }}.complaint_count::numeric / nullif({{ rows }}.contact_count, 0))
        ::numeric(5, 4) as complaint_rate
{%- endmacro %}


{# whether a histogram of "at most so many seconds" counts falls somewhere #}
{% macro histogram_falls(measure, edges) -%}
    {%- for edge in edges[1:] -%}
        {{ measure }}_within_{{ edges[loop.index0] }}_seconds_count
        > {{ measure }}_within_{{ edge }}_seconds_count
        {{- '\n    or ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
