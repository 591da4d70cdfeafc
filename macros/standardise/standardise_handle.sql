{# a handle on a social platform, in any case and with or without its @ #}
{% macro standardise_handle(column) -%}
    nullif(ltrim(lower({{ standardise_line(column) }}), '@'), '')
{%- endmacro %}
