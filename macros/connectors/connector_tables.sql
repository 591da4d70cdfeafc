{#
    The tables of these sources that the database holds, one entry per account and table:
    source (as declared), account, schema, table, id, kind, may_index (whether this role may
    make indexes), columns ({name: {type, category}}) and indexes (their names)
#}
{% macro connector_tables(sources) %}
    {% set wanted = [] %}
    {% for source in sources %}
        {% for schema in source.config.meta.schemas %}
            {% do wanted.append(
                "(" ~ wanted | length ~ ", " ~ sql_text(source.unique_id) ~ ", "
                ~ sql_text(schema) ~ ", " ~ sql_text(source.identifier) ~ ")"
            ) %}
        {% endfor %}
    {% endfor %}
    {% if not wanted %}{{ return([]) }}{% endif %}
    {% set query %}
        select coalesce(jsonb_agg(jsonb_build_object(
            'source', source_id,
            'schema', schema_name,
            'table', table_name,
            'id', tables.oid::bigint,
            'kind', tables.relkind,
            'may_index', tables.relkind in ('r', 'p')
                and pg_has_role(tables.relowner, 'usage')
                and has_schema_privilege(schemas.oid, 'create'),
            'columns', (
                select coalesce(jsonb_object_agg(
                    attname,
                    jsonb_build_object('type', typname, 'category', typcategory)
                ), '{}')
                from pg_attribute
                inner join pg_type on pg_type.oid = atttypid
                where attrelid = tables.oid and attnum > 0 and not attisdropped
            ),
            'indexes', (
                select coalesce(jsonb_agg(indexes.relname), '[]')
                from pg_index
                inner join pg_class as indexes on indexes.oid = indexrelid
                where indrelid = tables.oid
            )
        ) order by position), '[]')::text
        from (values {{ wanted | join(', ') }})
            as wanted (position, source_id, schema_name, table_name)
        inner join pg_namespace as schemas on schemas.nspname = schema_name
        inner join pg_class as tables
            on tables.relnamespace = schemas.oid
            and tables.relname = table_name
            and tables.relkind in ('r', 'p', 'v', 'm', 'f')
    {% endset %}
    {% set found = run_query(query) %}
    {% set landed = fromjson(found.rows[0][0]) %}
    {% for table in landed %}
        {% do table.update({
            'source': graph.sources[table.source],
            'account': connector_account(table.schema),
        }) %}
    {% endfor %}
    {{ return(landed) }}
{% endmacro %}


{# every table that some connector lands #}
{% macro connector_sources() %}
    {{ return(
        graph.sources.values()
        | selectattr('package_name', 'equalto', project_name)
        | selectattr('config.meta.landed_by', 'defined')
        | selectattr('config.meta.landed_by', 'equalto', 'connector')
        | list
    ) }}
{% endmacro %}


{% macro connector_source(source_name, table_name) %}
    {{ return(
        graph.sources['source.' ~ project_name ~ '.' ~ source_name ~ '.' ~ table_name]
    ) }}
{% endmacro %}


{# the name of an account is its schema's, without what all raw schemas begin with #}
{% macro connector_account(schema) %}
    {{ return(schema[4:] if schema.startswith('raw_') else schema) }}
{% endmacro %}


{# the columns that a connector adds to every table #}
{% macro connector_names(source) %}
    {{ return({
        'synced': source.config.meta.synced_column,
        'deleted': source.config.meta.deleted_column,
    }) }}
{% endmacro %}
