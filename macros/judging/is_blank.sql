{# whether a text says nothing: no character but space, visible or not #}
{% macro is_blank(column) -%}
    coalesce({{ column }}, '') !~ '[^\s\u00A0\u1680\u2000-\u200F\u2028-\u202F\u2060\u3000\uFEFF]'
{%- endmacro %}
