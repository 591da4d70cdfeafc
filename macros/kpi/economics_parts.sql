{#
    The additive parts of cost, value and outcome of contacts have one home: what each
    counts, over rows of `fct_contact_economics`. Definitions in words:
    models/marts/kpi/_topics__docs.md
#}
{% macro economics_part_definitions() %}
    {{ return({
        'contact_count': 'count(*)',
        'handled_count': 'count(*) filter (where is_handled)',
        'complaint_count': 'count(*) filter (where is_complaint)',
        'resolution_known_count': 'count(*) filter (where is_resolution_known)',
        'resolved_count': 'count(*) filter (where is_resolved)',
        'repeat_known_7d_count': 'count(is_repeated_7d)',
        'repeated_7d_count': 'count(*) filter (where is_repeated_7d)',
        'same_topic_repeated_7d_count': 'count(*) filter (where is_same_topic_repeated_7d)',
        'cost_known_count': 'count(cost_amount)',
        'resolution_cost_known_count':
            'count(cost_amount) filter (where is_resolution_known)',
        'resolution_cost_resolved_count': 'count(cost_amount) filter (where is_resolved)',
        'conversion_known_count': 'count(is_converted)',
        'converted_count': 'count(*) filter (where is_converted)',
        'cost_amount': 'coalesce(sum(cost_amount), 0)',
        'resolution_cost_amount':
            'coalesce(sum(cost_amount) filter (where is_resolution_known), 0)',
        'revenue_amount': 'coalesce(sum(revenue_amount), 0)',
        'return_revenue_amount':
            'coalesce(sum(revenue_amount) filter (where cost_amount is not null), 0)',
        'return_cost_amount':
            'coalesce(sum(cost_amount) filter (where is_converted is not null), 0)',
    }) }}
{% endmacro %}


{% macro economics_part_names() %}
    {{ return(economics_part_definitions().keys() | list) }}
{% endmacro %}


{% macro economics_type(name) -%}
    {{ 'bigint' if name.endswith('_count') else 'numeric(16, 4)' }}
{%- endmacro %}


{% macro economics_parts() -%}
    {%- for name, expression in economics_part_definitions().items() -%}
        ({{ expression }})::{{ economics_type(name) }} as {{ name }}
        {{- ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# the parts of several rows added up #}
{% macro economics_part_sums() -%}
    {%- for name in economics_part_names() -%}
        sum({{ name }})::{{ economics_type(name) }} as {{ name }}
        {{- ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro economics_part_list(rows=none) -%}
    {%- for name in economics_part_names() -%}
        {{ rows ~ '.' if rows }}{{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
