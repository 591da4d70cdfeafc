{#
    Before a build: makes the indexes that builds look a connector's rows up by, where they
    are missing and the tables are this role's; elsewhere `frontdesk status` says which
    statement their owner should run. One query when nothing is missing
#}
{% macro prepare_connectors() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% for landed in connector_tables(connector_sources()) if landed.may_index %}
        {% set statements = [] %}
        {% for index in connector_indexes(landed) if index.name not in landed.indexes %}
            {% do statements.append(index.statement) %}
        {% endfor %}
        {% if statements %}
            {% do statements.append(
                'analyze ' ~ adapter.quote(landed.schema) ~ '.' ~ adapter.quote(landed.table)
            ) %}
    do $make$
    begin
        -- the connector may be writing; the next build tries again
        set local lock_timeout = '10s';
        {% for statement in statements %}
        begin
            {{ statement }};
        exception when others then
            -- without it a build is slower, not wrong
            raise warning '%', sqlerrm;
        end;
        {% endfor %}
    end
    $make$;
        {% endif %}
    {% endfor %}
{% endmacro %}


{# the indexes a landed table should have: {name, statement} #}
{% macro connector_indexes(landed) %}
    {% set source = landed.source %}
    {% set names = connector_names(source) %}
    {% set indexes = [] %}
    {% for index in source.config.meta.indexes or [] %}
        {% set wanted = index if index is string else index.column %}
        {% if wanted == 'synced_at' %}
            {% set found = landed.columns.get(names.synced) %}
            {% set expression = connector_column(names.synced, 'timestamptz', found) %}
        {% else %}
            {% set found = landed.columns.get(wanted[:-4]) %}
            {% set expression = connector_key(landed.account, wanted[:-4], found) %}
        {% endif %}
        {# how a text reads as a time depends on the session, so no index can hold it #}
        {% if found and not (wanted == 'synced_at' and found.category == 'S') %}
            {% set name = 'frontdesk_' ~ source.identifier ~ '_' ~ wanted %}
            {% do indexes.append({
                'name': name,
                'statement': 'create index if not exists ' ~ name ~ ' on '
                    ~ adapter.quote(landed.schema) ~ '.' ~ adapter.quote(landed.table)
                    ~ ' ((' ~ expression ~ '))'
                    ~ (' where ' ~ index.where if index is mapping else ''),
            }) %}
        {% endif %}
    {% endfor %}
    {{ return(indexes) }}
{% endmacro %}
