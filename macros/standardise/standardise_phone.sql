{#
    A phone number in any spelling as E.164, or null when it is no valid number.
    `region` is an expression: the country (CN, GB, ...) a number without a calling code
    is read in. With `validated=false` also numbers that no operator may give out.
#}
{% macro standardise_phone(column, region, validated=true) -%}
{%- set rules = phone_rules() -%}
(
    select
        {%- if not validated %}
        candidate
        {%- else %}
        case
            {%- for code, same_code in rules | groupby('code') %}
            when candidate like '+{{ code }}%' then
                case
                    when candidate ~ '^\+{{ code }}(?:{{ same_code | map(attribute='pattern') | join('|') }})$'
                        then candidate
                end
            {%- endfor %}
        end
        {%- endif %}
    from (
        select
            case
                when digits = '' then null
                {% for rule in rules if rule['prefix'] %}
                when digits like '+{{ rule["code"] }}{{ rule["prefix"] }}%'
                    then '+{{ rule["code"] }}' || substr(digits, {{ (rule["code"] ~ rule["prefix"]) | length + 2 }})
                {% endfor %}
                when digits like '+%' then digits
                {% for rule in rules %}
                when region = '{{ rule["region"] }}' then
                    case
                        {# the cheap half first, the pattern costs more than all the rest #}
                        when digits like '{{ rule["code"] }}%'
                            and digits ~ '^{{ rule["code"] }}(?:{{ rule["pattern"] }})$'
                            {% if not rule['prefix'] %}and digits !~ '^(?:{{ rule["pattern"] }})$'{% endif %}
                            then '+' || digits
                        {% if rule['prefix'] %}
                        when digits like '{{ rule["prefix"] }}%'
                            then '+{{ rule["code"] }}' || substr(digits, 2)
                        {% endif %}
                        else '+{{ rule["code"] }}' || digits
                    end
                {% endfor %}
            end as candidate
        from (
            select
                regexp_replace(
                    regexp_replace(spelled, '^[^0-9+]*(?:00|011(?=[2-9]))', '+'),
                    '(?!^)[^0-9]|^[^0-9+]', '', 'g'
                ) as digits,
                region
            from (
                select
                    regexp_replace(
                        regexp_replace({{ compatible_form(column) }}, '^[^0-9+]+', ''),
                        '(?:ext|x|#|;|转|分机).*$', '', 'i'
                    ) as spelled,
                    {{ region }} as region
                offset 0
            ) as cut
            offset 0
        ) as stripped
        offset 0
    ) as read
)
{%- endmacro %}
