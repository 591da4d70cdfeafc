{# the key of one channel in one reporting hour; of the moment, whatever zone shows it #}
{% macro channel_hour_id(channel, started_at) -%}
    {{ channel }} || '|'
    || extract(epoch from {{ business_hour(started_at) }})::bigint
{%- endmacro %}
