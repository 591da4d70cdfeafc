{# whether a record was first seen long after it ended #}
{% macro is_late_arrival(ended_at) -%}
    first_exported_at > {{ ended_at }} + interval '{{ var("late_arrival_hours") }} hours'
{%- endmacro %}
