{#
    whether an identifier is one of the testers' (seed_test_identifiers); the patterns
    are read once per statement, not once per row
#}
{% macro is_test_identifier(identifier_type, expression) -%}
    coalesce(
        {{ expression }} like any(array(
            select
                case when test_identifiers.match = 'suffix' then '%' else '' end
                || regexp_replace(test_identifiers.value, '([\\%_])', '\\\1', 'g')
                || case when test_identifiers.match = 'prefix' then '%' else '' end
            from (select * from {{ ref('seed_test_identifiers') }}) as test_identifiers
            where test_identifiers.identifier_type = '{{ identifier_type }}'
        )),
        false
    )
{%- endmacro %}
