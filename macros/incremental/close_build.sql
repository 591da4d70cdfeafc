{# after a build, in its transaction: fresh statistics, and the watermark moves on #}
{% macro close_build() %}
    {% if not execute or config.get('materialized') not in ('incremental', 'table') %}
        {{ return('') }}
    {% endif %}
    {% if config.get('materialized') == 'table' or not is_incremental() %}
        analyze {{ this }};
    {% endif %}
    {% if config.get('materialized') == 'incremental' %}
        update {{ operations_schema() }}.watermarks
        set
            snapshot = next_snapshot,
            seeds = next_seeds,
            built_at = now(),
            model_checksum = '{{ model_checksum() }}'
            {%- if not is_incremental() %}, rebuilt_xid = pg_current_xact_id(){% endif %}
        where relation = '{{ this.schema }}.{{ this.name }}';
        update {{ operations_schema() }}.sync_marks
        set
            synced_at = next_synced_at,
            table_id = next_table_id
        where relation = '{{ this.schema }}.{{ this.name }}';
    {% endif %}
{% endmacro %}
