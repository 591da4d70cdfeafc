{#
    The rows of a large table that a few others refer to again and again: an incremental
    run looks each up once. `referrer` holds the key in each of `columns`. The CTE that
    this fills is `written_down`
#}
{% macro looked_up_once(relation, key, referrer, columns) -%}
    {%- if this and is_incremental() -%}
    select {{ relation }}.*
    from (
        {% for column in columns -%}
        select {{ column }} as {{ key }} from {{ referrer }}
        {%- if not loop.last %}
        union
        {% endif %}
        {%- endfor %}
    ) as wanted
    {{ looked_up(relation, 'wanted.' ~ key ~ ' = ' ~ relation ~ '.' ~ key) }}
    {%- else -%}
    select * from {{ relation }}
    {%- endif -%}
{%- endmacro %}


{#
    After `as` of a CTE that is read twice: an incremental run finds its few rows once and
    writes them down, a full one reads all where they are
#}
{% macro written_down() -%}
    {{ '' if this and is_incremental() else 'not ' }}materialized
{%- endmacro %}
