{# the address inside any spelling, lower case, or null when it is no address #}
{% macro standardise_email(column) -%}
    substring(
        lower({{ compatible_form(column) }})
        from '[a-z0-9._%+''-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,}'
    )
{%- endmacro %}
