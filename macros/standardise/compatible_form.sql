{# the compatible form of a text (NFKC); plain ASCII has no other, and is told in no time #}
{% macro compatible_form(column) -%}
    case
        when octet_length({{ column }}) = length({{ column }}) then {{ column }}
        else normalize({{ column }}, nfkc)
    end
{%- endmacro %}
