{# the key of one channel on one reporting day #}
{% macro channel_date_id(channel, started_at) -%}
    {{ channel }} || '|' || {{ business_date(started_at) }}
{%- endmacro %}
