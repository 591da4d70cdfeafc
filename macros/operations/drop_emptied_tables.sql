{#
    Before a build: a crash of the server empties the tables of models with `unlogged`,
    and so do a restore from its files and a standby that takes over. What is left of
    them is dropped before anything can read it, so that this build makes them anew. The
    mark is such a table itself, and has a row as long as the others have theirs
#}
{% macro drop_emptied_tables() %}
    {% if not execute or flags.WHICH not in ('build', 'run', 'test') %}{{ return('') }}{% endif %}
    {% set mark = operations_schema() ~ '.crash_mark' %}
    {% set marked = run_query(
        "select coalesce(pg_relation_size(to_regclass('" ~ mark ~ "')), 0) > 0"
    ) %}
    {% if marked.rows[0][0] %}{{ return('') }}{% endif %}
    {% set emptied = run_query(
        'select namespaces.nspname, tables.relname from ' ~ operations_schema()
        ~ '.watermarks inner join pg_class as tables'
        ~ ' on tables.oid = to_regclass(watermarks.relation)'
        ~ ' inner join pg_namespace as namespaces on namespaces.oid = tables.relnamespace'
        ~ " where tables.relpersistence = 'u' order by watermarks.relation"
    ) %}
    {% for row in emptied.rows %}
        {# through the adapter, which knows by heart what there is #}
        {% do adapter.drop_relation(
            adapter.get_relation(target.database, row[0], row[1])
        ) %}
    {% endfor %}
    {% if emptied.rows %}
        {% do log(
            emptied.rows | length ~ ' tables were emptied by a crash of the server, '
            ~ emptied.rows[0] | join('.') ~ ' first: they are built anew',
            info=true
        ) %}
    {% endif %}
    create unlogged table if not exists {{ mark }} (marked_at timestamptz not null);
    comment on table {{ mark }} is
        'One row from the first build after a crash of the server until the next crash, '
        'which empties it together with the unlogged tables of the models.';
    insert into {{ mark }} values (now());
{% endmacro %}
