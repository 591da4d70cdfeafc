{# the key of the tickets that are counted together: source, channel, queue, priority #}
{% macro ticket_line_id(tickets) -%}
    {{ tickets }}.source_name || '|' || {{ tickets }}.channel || '|'
    || coalesce({{ tickets }}.queue_name, '-') || '|'
    || coalesce({{ tickets }}.priority, '-')
{%- endmacro %}
