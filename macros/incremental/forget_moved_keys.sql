{#
    After a run: keys that were given up are forgotten once every model that their table
    touches has read them, so that an erased name does not outlive the build
#}
{% macro forget_moved_keys() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% set readers = [] %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' %}
        {% for touch in node.config.get('meta', {}).get('touched_by') or [] %}
            {% set parent = relation_of(touch['parent']) %}
            {% do readers.append(
                "('" ~ parent.schema ~ '.' ~ parent.identifier ~ "', '"
                ~ node.schema ~ '.' ~ node.alias ~ "')"
            ) %}
        {% endfor %}
    {% endfor %}
    {% if readers %}
    delete from {{ operations_schema() }}.moved_keys as moved
    where not exists (
        select 1
        from (values {{ readers | unique | join(', ') }}) as readers (relation, reader)
        inner join {{ operations_schema() }}.watermarks
            on readers.reader = watermarks.relation
        where
            readers.relation = moved.relation
            and watermarks.snapshot is not null
            and not pg_visible_in_snapshot(moved.changed_xid, watermarks.snapshot)
    );
    {% endif %}
{% endmacro %}
