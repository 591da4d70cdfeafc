{#
    the recipe is frozen: changing it changes every id. Written with operators that an
    index may hold, which `concat_ws` is not
#}
{% macro surrogate_key(expressions) -%}
    md5(
        {%- for expression in expressions -%}
            {{ " || '|' || " if not loop.first }}coalesce(({{ expression }})::text, '~')
        {%- endfor -%}
    )
{%- endmacro %}
