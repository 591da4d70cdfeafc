{#
    the day that a text begins with (2026-02-28, a time may follow), null when it names
    none; Postgres 15 cannot yet try a cast
#}
{% macro readable_date(column) -%}
    case
        when {{ column }} ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([ T]|$)'
        then (
            select month_began.day + substr({{ column }}, 9, 2)::integer - 1
            from (
                select (substr({{ column }}, 1, 8) || '01')::date as day
            ) as month_began
            where
                -- the 30th of February would be a day of March
                date_trunc('month', month_began.day + substr({{ column }}, 9, 2)::integer - 1)
                = month_began.day
        )
    end
{%- endmacro %}
