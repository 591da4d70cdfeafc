{# the country that a tag of a language names (zh-Hans-CN, en_GB), null when it names none #}
{% macro country_of(column) -%}
    case
        when length({{ column }}) > 3
            then upper(substring(
                {{ column }}
                from '^\s*[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?[-_]([A-Za-z]{2})(?![A-Za-z])'
            ))
    end
{%- endmacro %}
