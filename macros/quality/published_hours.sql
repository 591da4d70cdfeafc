{#
    what `fct_hour_restatements` has published of its touched hours; nothing before its
    first build
#}
{% macro published_hours(measures) -%}
    {%- if this and is_incremental() -%}
    select
        channel_hour_id,
        channel,
        version_number,
        {%- for measure in measures %}
        {{ measure }},
        {{ measure }}_change,
        {%- endfor %}
        is_restatement,
        hour_started_at,
        published_at
    from {{ this }}
    {{ only_touched('channel_hour_id') }}
    {%- else -%}
    select
        null::text as channel_hour_id,
        null::text as channel,
        null::integer as version_number,
        {%- for measure in measures %}
        null::bigint as {{ measure }},
        null::bigint as {{ measure }}_change,
        {%- endfor %}
        null::boolean as is_restatement,
        null::timestamptz as hour_started_at,
        null::timestamptz as published_at
    where false
    {%- endif -%}
{%- endmacro %}
