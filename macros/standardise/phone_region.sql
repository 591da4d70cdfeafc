{# the country of a site or store, by the start of its code; ours are cn and uk #}
{% macro phone_region(site) -%}
    case when starts_with({{ site }}, 'uk') then 'GB' else 'CN' end
{%- endmacro %}
