{# calendar seconds from one moment to another #}
{% macro seconds_between(started_at, ended_at) -%}
    extract(epoch from {{ ended_at }} - {{ started_at }})::bigint
{%- endmacro %}
