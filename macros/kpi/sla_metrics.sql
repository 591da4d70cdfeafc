{# the seven clocks that a service level can be promised on #}
{% macro sla_metrics() %}
    {{ return([
        'first_reply_time',
        'next_reply_time',
        'periodic_update_time',
        'pausable_update_time',
        'requester_wait_time',
        'agent_work_time',
        'total_resolution_time',
    ]) }}
{% endmacro %}
