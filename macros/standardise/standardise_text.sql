{# compatible forms made one (full width, ligatures), outer space cut, empty is null #}
{% macro standardise_text(column) -%}
    nullif(
        regexp_replace(
            {{ compatible_form(column) }},
            '^[\s\u200B-\u200F\u2060\uFEFF]+|[\s\u200B-\u200F\u2060\uFEFF]+$', '', 'g'
        ),
        ''
    )
{%- endmacro %}
