{# in an incremental run, keeps the rows whose key was touched; else all #}
{% macro only_touched(key_column) -%}
    {%- if is_incremental() -%}
        where {{ key_column }} in (select touched_key from {{ touched_table() }})
    {%- endif -%}
{%- endmacro %}
