{#
    the moment that a text names (2026-02-28 09:30, with or without seconds and zone; UTC
    where it names none), null when it names none; the commonest spelling is told first
#}
{% macro readable_moment(column) -%}
    case
        when {{ column }} ~ '^[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?$'
            then ({{ column }})::timestamp at time zone 'UTC'
        when {{ readable_date(column) }} is not null
            and {{ column }} ~ '^[0-9-]{10}(?:[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)? ?(?:[Zz]|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)?)?$'
            then
                case
                    when {{ column }} ~ '(?:[Zz]|:.*[+-][0-9:]+)$' then ({{ column }})::timestamptz
                    else ({{ column }})::timestamp at time zone 'UTC'
                end
    end
{%- endmacro %}
