{#
    every statement of a model's transaction sees the same rows: what is collected as
    touched, what is read, and the snapshot that is written down are then one moment.
    The driver has opened a transaction of its own already, so it is closed first
#}
{% macro open_consistent_snapshot() %}
    {% if config.get('materialized') == 'incremental' %}
        commit;
        begin isolation level repeatable read;
        set local time zone 'UTC';
    {% endif %}
{% endmacro %}
