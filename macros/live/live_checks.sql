{# what the agreement of the seconds path with the marts is checked by #}


{# whether the triggers are there: a warehouse of before them has nothing to compare #}
{% macro live_is_kept() %}
    {% if not execute %}{{ return(false) }}{% endif %}
    {% set known = run_query("select to_regclass('" ~ live_schema() ~ ".settings')") %}
    {{ return(known.rows[0][0] is not none) }}
{% endmacro %}


{# up to which point the models of each channel have read raw #}
{% macro live_built_models() -%}
    select
        feed_tables.channel,
        watermarks.snapshot
    from (
        values
        {%- for source in live_sources() %}
        {%- set outer = loop %}
        {%- for name in source['models'] %}
        ('{{ source['name'] }}', '{{ relation_of(name).schema }}.{{ name }}')
        {{- ',' if not (loop.last and outer.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as models (source_name, relation)
    inner join {{ live_schema() }}.feed_tables
        on models.source_name = feed_tables.source_name
    left join {{ operations_schema() }}.watermarks
        on models.relation = watermarks.relation
{%- endmacro %}


{# the parts of an hour #}
{% macro live_hour_part_list() -%}
    {{ live_hour_parts().keys() | join(',\n        ') }}
{%- endmacro %}


{# the parts of an hour without those of other rows of it, which may be none #}
{% macro live_hour_parts_without(hours, others) -%}
    {%- for name in live_hour_parts() -%}
        coalesce({{ hours }}.{{ name }}, 0) - coalesce({{ others }}.{{ name }}, 0) as {{ name }}
        {{- ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# whether two rows say the same of an hour; a part that one leaves out counts nothing #}
{% macro live_hours_differ(one, other) -%}
    {%- for name in live_hour_parts() -%}
        coalesce({{ one }}.{{ name }}, 0) != coalesce({{ other }}.{{ name }}, 0)
        {{- '\n        or ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
