{#
    A join with a large table by an indexed key. An incremental run looks each key up: the
    planner would rather read the table whole, as it cannot know how few rows the touched
    keys leave after some joins. `condition` knows the table by its alias
#}
{% macro looked_up(relation, condition, alias=none, kind='inner') -%}
    {%- set alias = alias or relation -%}
    {%- if this and is_incremental() -%}
    {{ kind }} join
        lateral (
            select {{ alias }}.* from {{ relation }} as {{ alias }}
            where {{ condition }}
            offset 0
        ) as {{ alias }}
        on true
    {%- else -%}
    {{ kind }} join {{ relation }} as {{ alias }}
        on {{ condition }}
    {%- endif -%}
{%- endmacro %}
