{#
    equal for texts that differ only in case, width, space and punctuation; the classes
    are spelled out because the named ones depend on the locale of the server
#}
{% macro text_fingerprint(column) -%}
    regexp_replace(
        lower({{ compatible_form(column) }}),
        '[\s!-/:-@\[-`{-~\u00A0-\u00BF\u2000-\u206F\u3000-\u303F\uFE30-\uFE4F\uFEFF]+', '', 'g'
    )
{%- endmacro %}
