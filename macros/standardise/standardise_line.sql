{#
    A text of one line as it is compared: compatible forms made one, every run of space,
    control and invisible characters one space, none outside; empty is null
#}
{% macro standardise_line(column) -%}
    nullif(
        btrim(
            regexp_replace(
                {{ compatible_form(column) }},
                '[\s\u0001-\u001F\u007F-\u00A0\u200B-\u200F\u2060\uFEFF]+', ' ', 'g'
            )
        ),
        ''
    )
{%- endmacro %}
