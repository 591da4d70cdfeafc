{# the moment at which the reporting hour of a moment began #}
{% macro business_hour(column) -%}
    date_trunc('hour', {{ column }}, '{{ var("business_time_zone") }}')
{%- endmacro %}
