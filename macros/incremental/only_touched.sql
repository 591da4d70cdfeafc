{#
    in an incremental run, keeps the rows whose key was touched; else all (a unit test
    has no relation of its own, and reads all). A model that unites several kinds of
    records tells their keys apart by a prefix
#}
{% macro only_touched(key_column, prefix=none) -%}
    {%- if this and is_incremental() -%}
        {%- if prefix -%}
        where {{ key_column }} in (
            select substr(touched_key, {{ prefix | length + 1 }})
            from {{ touched_table() }}
            where starts_with(touched_key, '{{ prefix }}')
        )
        {%- else -%}
        where {{ key_column }} in (select touched_key from {{ touched_table() }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
