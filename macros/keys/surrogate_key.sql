{# the recipe is frozen: changing it changes every id #}
{% macro surrogate_key(expressions) -%}
    md5(concat_ws('|'
        {%- for expression in expressions -%}
            , coalesce({{ expression }}::text, '~')
        {%- endfor -%}
    ))
{%- endmacro %}
