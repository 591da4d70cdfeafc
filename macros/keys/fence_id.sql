{# names the fences that judge a contact's durations: its channel, queue and week #}
{% macro fence_id(channel, queue_name, started_at) -%}
    {{ channel }} || '|' || coalesce({{ queue_name }}, '-') || '|'
    || {{ business_week(started_at) }}
{%- endmacro %}
