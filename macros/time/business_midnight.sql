{# the moment at which a reporting day began #}
{% macro business_midnight(day) -%}
    (({{ day }})::timestamp at time zone '{{ var("business_time_zone") }}')
{%- endmacro %}
