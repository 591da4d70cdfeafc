{# the reporting day of a moment #}
{% macro business_date(column) -%}
    ({{ column }} at time zone '{{ var("business_time_zone") }}')::date
{%- endmacro %}
