{# whether a list of flags (comma between them, null when there is none) holds one #}
{% macro has_flag(flags, flag) -%}
    coalesce('{{ flag }}' = any(string_to_array({{ flags }}, ',')), false)
{%- endmacro %}
