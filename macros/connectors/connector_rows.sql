{#
    What a connector landed in one of its tables: all accounts, every declared column cast
    to its declared type, null where an account lacks it, and beside these
      <column>_key   for columns with `key`: the account before the id
      source_name    the account
      synced_at      when the connector last wrote the row
      is_deleted     whether the source has deleted it
      landed_xid     the transaction that wrote the row; null where rows do not say
    Plain selects and nothing else, so that a look-up of a few keys reaches the indexes of
    every account.
#}
{% macro connector_rows(source_name, table_name) %}
    {# dbt hears from here which table the model reads #}
    {% set relation = source(source_name, table_name) %}
    {% set selects = [] %}
    {% if execute %}
        {% set declared = connector_source(source_name, table_name) %}
        {% for landed in connector_tables([declared]) %}
            {% do selects.append(connector_select(declared, landed)) %}
        {% endfor %}
        {% if not selects %}
            {% do selects.append(connector_select(declared, none)) %}
        {% endif %}
    {% endif %}
    {{ return('(' ~ (selects or ['select']) | join(' union all ') ~ ') as landed') }}
{% endmacro %}


{# the rows of one account; no rows where there is none #}
{% macro connector_select(declared, landed) %}
    {% set names = connector_names(declared) %}
    {% set account = landed.account if landed else '' %}
    {% set columns = landed.columns if landed else {} %}
    {% set parts = [] %}
    {% for column in declared.columns.values() %}
        {% if landed and column.config.meta.needed and column.name not in columns %}
            {{ exceptions.raise_compiler_error(
                landed.schema ~ '.' ~ landed.table ~ ' lacks the column ' ~ column.name
                ~ ', without which its rows cannot be read'
            ) }}
        {% endif %}
        {% set found = columns.get(column.name) %}
        {% do parts.append(
            connector_column(column.name, column.data_type, found)
            ~ ' as ' ~ adapter.quote(column.name)
        ) %}
        {% if column.config.meta.key %}
            {% do parts.append(
                connector_key(account, column.name, found)
                ~ ' as ' ~ adapter.quote(column.name ~ '_key')
            ) %}
        {% endif %}
    {% endfor %}
    {% do parts.append(sql_text(account) ~ ' as source_name') %}
    {% do parts.append(
        connector_column(names.synced, 'timestamptz', columns.get(names.synced))
        ~ ' as synced_at'
    ) %}
    {% do parts.append(
        'coalesce('
        ~ connector_column(names.deleted, 'boolean', columns.get(names.deleted))
        ~ ', false) as is_deleted'
    ) %}
    {% do parts.append(
        (row_xid() if landed and landed.kind in ('r', 'p') else 'null::xid8')
        ~ ' as landed_xid'
    ) %}
    {% set rows %}
        select {{ parts | join(', ') }}
        {% if landed -%}
        from {{ adapter.quote(landed.schema) }}.{{ adapter.quote(landed.table) }}
        {%- else -%}
        where false
        {%- endif %}
    {% endset %}
    {{ return(rows | trim) }}
{% endmacro %}
