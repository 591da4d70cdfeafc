{#
    dbt's incremental materialization, for the strategy `touched` alone: a model of which
    no key was touched is done when that is known. Nothing is planned, no table is made,
    so a run costs what is new, however many models there are. Columns are compared when
    the model's text is another than the one of its last build
#}
{% materialization incremental, adapter='postgres' %}
    {% set existing = load_cached_relation(this) %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set intermediate = make_intermediate_relation(target_relation) %}
    {% set backup = make_backup_relation(
        target_relation, existing.type if existing is not none else 'table'
    ) %}
    {% set grants = config.get('grants') %}
    {% set is_anew = existing is none or existing.is_view or should_full_refresh() %}
    {% do drop_relation_if_exists(load_cached_relation(intermediate)) %}
    {% do drop_relation_if_exists(load_cached_relation(backup)) %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% set is_edited = is_anew or model_was_edited() %}
    {% if is_anew %}
        {% set built = target_relation if existing is none else intermediate %}
        {% call statement('main') %}
            {{ get_create_table_as_sql(False, built, sql) }}
        {% endcall %}
        {% do create_indexes(built) %}
        {% if existing is not none %}
            {% do adapter.rename_relation(existing, backup) %}
            {% do adapter.rename_relation(intermediate, target_relation) %}
        {% endif %}
    {% elif is_edited or has_touched_keys() %}
        {% set temporary = make_temp_relation(target_relation) %}
        {% do run_query(get_create_table_as_sql(True, temporary, sql)) %}
        {% do gate_new_rows(temporary) %}
        {% if is_edited %}
            {% do process_schema_changes(
                incremental_validate_on_schema_change(config.get('on_schema_change')),
                temporary,
                existing
            ) %}
        {% endif %}
        {% call statement('main') %}
            {{ get_incremental_touched_sql({
                'target_relation': target_relation,
                'temp_relation': temporary,
                'unique_key': config.get('unique_key'),
                'dest_columns': adapter.get_columns_in_relation(existing),
            }) }}
        {% endcall %}
        {% do analyze_grown(target_relation, load_result('main')['response'].rows_affected) %}
        {# what the merge was held to does not concern the hooks #}
        {% do run_query('set local enable_seqscan = on') %}
    {% else %}
        {% call noop_statement('main', 'NOTHING NEW', 'NOTHING NEW', 0) %}
            -- no key was touched
        {% endcall %}
    {% endif %}

    {% if is_edited %}
        {% do apply_grants(
            target_relation, grants, should_revoke=should_revoke(existing, is_anew)
        ) %}
        {% do persist_docs(target_relation, model) %}
        {# by default Postgres 18 vacuums a table whose pages are all frozen after each
           thousand new rows, at a tenth of what the batch cost that brought them #}
        {% do run_query(
            'alter table ' ~ target_relation
            ~ ' set (autovacuum_vacuum_insert_threshold = 100000)'
        ) %}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {% if is_anew and existing is not none %}
        {% do adapter.drop_relation(backup) %}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#
    Statistics that a merge has made worthless are made anew in its transaction: the models
    below would read a table whole for each key that the planner believes to be empty
#}
{% macro analyze_grown(relation, written) %}
    {% if written < 5000 %}{{ return('') }}{% endif %}
    {% set known = run_query(
        "select greatest(reltuples, 0) from pg_class where oid = '" ~ relation ~ "'::regclass"
    ) %}
    {% if written > 5000 + 0.1 * known.rows[0][0] | float %}
        {% do run_query('set local default_statistics_target to default') %}
        {% do run_query('analyze ' ~ relation) %}
    {% endif %}
{% endmacro %}


{% macro has_touched_keys() %}
    {% set found = run_query('select exists (select 1 from ' ~ touched_table() ~ ')') %}
    {{ return(found.rows[0][0]) }}
{% endmacro %}


{# other than at its last build, so its columns may be too #}
{% macro model_was_edited() %}
    {% set found = run_query(
        'select model_checksum from ' ~ operations_schema() ~ ".watermarks where relation = '"
        ~ this.schema ~ '.' ~ this.name ~ "'"
    ) %}
    {{ return(not found.rows or found.rows[0][0] != model_checksum()) }}
{% endmacro %}


{# of what a build writes down of a model, besides its rows #}
{% macro model_checksum() %}
    {{ return(local_md5(
        model.raw_code ~ model.description ~ tojson(config.get('grants') or {}, sort_keys=true)
    )) }}
{% endmacro %}
