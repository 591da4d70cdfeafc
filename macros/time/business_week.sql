{# the Monday of the reporting week of a moment #}
{% macro business_week(column) -%}
    date_trunc('week', {{ column }} at time zone '{{ var("business_time_zone") }}')::date
{%- endmacro %}
