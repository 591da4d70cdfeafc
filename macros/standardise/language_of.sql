{# the language that a tag names (zh, zh-Hans-CN, en_GB), lower case #}
{% macro language_of(column) -%}
    case
        when {{ column }} in ('zh', 'en') then {{ column }}
        else lower(substring({{ column }} from '^\s*([A-Za-z]{2,3})(?![A-Za-z])'))
    end
{%- endmacro %}
