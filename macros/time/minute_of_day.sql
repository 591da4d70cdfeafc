{# the minutes since midnight of a local time written HH:MM, 24:00 too; else null #}
{% macro minute_of_day(column) -%}
    case
        when {{ column }} ~ '^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$'
        then
            split_part({{ column }}, ':', 1)::integer * 60
            + split_part({{ column }}, ':', 2)::integer
    end
{%- endmacro %}
