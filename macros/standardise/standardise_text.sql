{# compatible forms made one (full width, ligatures), outer space cut, empty is null #}
{% macro standardise_text(column) -%}
    nullif(
        regexp_replace(
            normalize({{ column }}, nfkc),
            '^[\s\u200B-\u200F\u2060\uFEFF]+|[\s\u200B-\u200F\u2060\uFEFF]+$', '', 'g'
        ),
        ''
    )
{%- endmacro %}
