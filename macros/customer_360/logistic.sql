{# a sum of weighted measures as a share from 0 to 1 #}
{% macro logistic(total) -%}
    (1.0 / (1.0 + exp(-greatest(-30.0, least(30.0, {{ total }})))))::numeric(5, 4)
{%- endmacro %}
