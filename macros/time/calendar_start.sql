{# the first moment of which open time is counted #}
{% macro calendar_start() -%}
    '{{ var("calendar_first_date") }} 00:00:00+00'::timestamptz
{%- endmacro %}
