{# the last moment of which open time is counted #}
{% macro calendar_end() -%}
    (('{{ var("calendar_last_date") }}'::date + 1)::timestamp at time zone 'UTC')
{%- endmacro %}
