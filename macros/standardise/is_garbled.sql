{# bytes that were read in the wrong encoding: replacement marks, UTF-8 read as Latin-1 #}
{% macro is_garbled(column) -%}
    coalesce({{ column }} ~ '\uFFFD|[\u00E0-\u00EF][\u0080-\u00BF]{2}|[\u00C2-\u00DF][\u0080-\u009F]', false)
{%- endmacro %}
