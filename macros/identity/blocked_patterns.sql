{# one pattern per identifier type, of all that the block list says about the type #}
{% macro blocked_patterns(blocks) -%}
    select
        policies.identifier_type,
        string_agg({{ blocks }}.pattern, '|' order by {{ blocks }}.pattern) as pattern
    from {{ blocks }}
    inner join policies
        on {{ blocks }}.identifier_type in (policies.identifier_type, 'any')
    where {{ blocks }}.treatment = 'block'
    group by policies.identifier_type
{%- endmacro %}
