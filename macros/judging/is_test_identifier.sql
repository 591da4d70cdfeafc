{# whether an identifier is one of the testers' (seed_test_identifiers) #}
{% macro is_test_identifier(identifier_type, expression) -%}
    exists (
        select 1
        from (select * from {{ ref('seed_test_identifiers') }}) as test_identifiers
        where
            test_identifiers.identifier_type = '{{ identifier_type }}'
            and case test_identifiers.match
                when 'equals' then {{ expression }} = test_identifiers.value
                when 'prefix' then starts_with({{ expression }}, test_identifiers.value)
                when 'suffix' then
                    right({{ expression }}, length(test_identifiers.value))
                    = test_identifiers.value
            end
    )
{%- endmacro %}
