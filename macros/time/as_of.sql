{#
    the moment to which what still runs is measured, one per run: when the run began, or
    the variable `as_of`, UTC
#}
{% macro as_of() -%}
    '{{ var("as_of", none) or run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}+00'::timestamptz
{%- endmacro %}
