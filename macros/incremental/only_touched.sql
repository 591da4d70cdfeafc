{#
    in an incremental run, keeps the rows whose key was touched; else all (a unit test
    has no relation of its own, and reads all)
#}
{% macro only_touched(key_column) -%}
    {%- if this and is_incremental() -%}
        where {{ key_column }} in (select touched_key from {{ touched_table() }})
    {%- endif -%}
{%- endmacro %}
