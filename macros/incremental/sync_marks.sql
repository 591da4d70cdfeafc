{#
    Tables that a connector landed say when it wrote a row (synced_at) and in which
    transaction (landed_xid). The stamp has an index, the transaction has none but is
    exact: rows stamped since a while before the newest one read last time are looked at,
    and those count that were not there then. The marks are kept per account, so an
    account added later is read whole; so is a table that the connector put in the place
    of another, whose rows may be older than their arrival here.
#}

{# before a build: the marks it will leave when it ends well #}
{% macro note_sync_marks(touched_by) %}
    {% if not is_incremental() %}
        delete from {{ operations_schema() }}.sync_marks
        where relation = '{{ this.schema }}.{{ this.name }}';
    {% endif %}
    {% set noted = [] %}
    {% for touch in touched_by if touch['parent'] not in noted %}
        {% do noted.append(touch['parent']) %}
        {% set connected = connector_behind(touch['parent']) %}
        {% if connected %}
            {% set tables = landed_table_ids(connected) %}
            {% for account in connector_accounts(connected) %}
        insert into {{ operations_schema() }}.sync_marks
            (relation, parent, account, next_synced_at, next_table_id)
        select
            '{{ this.schema }}.{{ this.name }}',
            '{{ touch["parent"] }}',
            {{ sql_text(account) }},
            -- a stamp that lies ahead of the clock must not hide what comes next
            least(coalesce(max(synced_at), '-infinity'), now()),
            {{ tables.get(account, 'null') }}::oid
        from {{ relation_of(touch['parent']) }}
        where source_name = {{ sql_text(account) }}
        on conflict (relation, parent, account) do update set
            next_synced_at = excluded.next_synced_at,
            next_table_id = excluded.next_table_id;
            {% endfor %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{# which rows of a parent over a connector's tables the last finished build did not see #}
{% macro since_sync_marks(parent, connected, state) %}
    {% set query %}
        select coalesce(jsonb_object_agg(account, jsonb_build_object(
            'synced_at', synced_at, 'table_id', table_id::bigint
        )), '{}')::text
        from {{ operations_schema() }}.sync_marks
        where synced_at is not null
            and relation = '{{ this.schema }}.{{ this.name }}'
            and parent = '{{ parent }}'
    {% endset %}
    {% set found = run_query(query) %}
    {% set marks = fromjson(found.rows[0][0]) %}
    {% set tables = landed_table_ids(connected) %}
    {% set parts = [] %}
    {% for account in connector_accounts(connected) %}
        {% set mark = marks.get(account) %}
        {% set part = 'source_name = ' ~ sql_text(account) %}
        {% if mark and mark.table_id == tables.get(account) %}
            {% set part = part
                ~ " and (synced_at >= '" ~ mark.synced_at ~ "'::timestamptz - interval '"
                ~ var('connector_lookback_hours') ~ " hours' or synced_at is null)"
                ~ " and coalesce(landed_xid >= '" ~ state[0] ~ "'::xid8, true)" %}
        {% endif %}
        {% do parts.append('(' ~ part ~ ')') %}
    {% endfor %}
    {{ return('(' ~ (parts or ['false']) | join(' or ') ~ ')') }}
{% endmacro %}


{# the connector's table that a staging model reads; none for all other models #}
{% macro connector_behind(model_name) %}
    {% for parent in node_of(model_name).depends_on.nodes or [] %}
        {% if parent in graph.sources %}
            {% set source = graph.sources[parent] %}
            {% if source.config.meta.landed_by == 'connector' %}
                {{ return(source) }}
            {% endif %}
        {% endif %}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}


{% macro connector_accounts(source) %}
    {% set accounts = [] %}
    {% for schema in source.config.meta.schemas %}
        {% do accounts.append(connector_account(schema)) %}
    {% endfor %}
    {{ return(accounts) }}
{% endmacro %}


{% macro landed_table_ids(source) %}
    {% set ids = {} %}
    {% for landed in connector_tables([source]) %}
        {% do ids.update({landed.account: landed.id}) %}
    {% endfor %}
    {{ return(ids) }}
{% endmacro %}
