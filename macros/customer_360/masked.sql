{# enough of a value to recognise it, not enough to use it; null stays null #}
{% macro masked(value) -%}
    case
        when {{ value }} is null then null
        when length({{ value }}) <= 4 then '****'
        when length({{ value }}) <= 8
            then left({{ value }}, 1) || '****' || right({{ value }}, 1)
        else left({{ value }}, length({{ value }}) - 8) || '****' || right({{ value }}, 4)
    end
{%- endmacro %}


{# the first letter of an address and all of its domain #}
{% macro masked_email(value) -%}
    left({{ value }}, 1) || '***' || substring({{ value }} from '@.*$')
{%- endmacro %}


{# the first character of a name: 王**, S** #}
{% macro masked_name(value) -%}
    left({{ value }}, 1) || '**'
{%- endmacro %}


{# every value of an array, masked by type #}
{% macro masked_values(values, type='other') -%}
    array(
        select {{ masked_email('one_value') if type == 'email' else masked('one_value') }}
        from unnest({{ values }}) with ordinality as listed (one_value, place)
        order by place
    )
{%- endmacro %}
