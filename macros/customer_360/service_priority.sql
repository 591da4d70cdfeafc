{#
    1 to 4, 1 first: points for worth, for what we owe and for what is likely to come.
    Definition in words: models/marts/customer_360/_customer_360__docs.md
#}
{% macro service_priority() -%}
    4 - width_bucket(
        case value_tier when 'high' then 2 when 'middle' then 1 else 0 end
        + case sla_state when 'breached' then 2 when 'at_risk' then 1 else 0 end
        + case
            when complaint_risk_rate >= 0.5 then 2
            when complaint_risk_rate >= 0.25 then 1
            else 0
        end,
        array[1, 2, 4]
    )
{%- endmacro %}
