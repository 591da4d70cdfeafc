{# the labels that touched customers bore at the last build; none at the first #}
{% macro label_stays() -%}
    {%- if this and is_incremental() -%}
    select
        customer_id,
        label,
        label_name,
        label_name_zh,
        since_at,
        until_at
    from {{ this }}
    {{ only_touched('customer_id') }}
    {%- else -%}
    select
        null::text as customer_id,
        null::text as label,
        null::text as label_name,
        null::text as label_name_zh,
        null::timestamptz as since_at,
        null::timestamptz as until_at
    where false
    {%- endif -%}
{%- endmacro %}
