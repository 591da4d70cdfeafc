{#
    One column as declared, whatever type the connector gave it (`found`; none where it is
    missing). A text that does not hold what it should is null: one row of another's must
    not stop a build
#}
{% macro connector_column(name, declared, found) %}
    {% set column = adapter.quote(name) %}
    {% if not found %}
        {% set cast = 'null::' ~ declared %}
    {% elif declared == 'text' and found.type in ('numeric', 'float4', 'float8') %}
        {# an id that came as a number with decimals #}
        {% set cast = 'trim_scale(' ~ column ~ '::numeric)::text' %}
    {% elif declared == 'timestamptz' and found.type in ('timestamp', 'date') %}
        {% set cast = '(' ~ column ~ "::timestamp at time zone 'UTC')" %}
    {% elif declared == 'timestamptz' and found.category == 'S' %}
        {% set cast = 'case when ' ~ column ~ " ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' then "
            ~ column ~ '::timestamptz end' %}
    {% elif declared == 'boolean' and found.category == 'S' %}
        {% set cast = 'case when lower(trim(' ~ column ~ ")) in ('true', 't', 'yes', 'y', '1')"
            ~ ' then true when lower(trim(' ~ column ~ ")) in ('false', 'f', 'no', 'n', '0')"
            ~ ' then false end' %}
    {% elif declared == 'boolean' and found.category == 'N' %}
        {% set cast = '(' ~ column ~ ' != 0)' %}
    {% elif found.category == 'S' and declared != 'text' %}
        {% set cast = 'case when trim(' ~ column ~ ") ~ '^[+-]?[0-9]+([.][0-9]+)?$' then trim("
            ~ column ~ ')::numeric::' ~ declared ~ ' end' %}
    {% else %}
        {% set cast = column ~ '::' ~ declared %}
    {% endif %}
    {{ return(cast) }}
{% endmacro %}


{# an id with its account before it, as ids stand everywhere after staging #}
{% macro connector_key(account, name, found) %}
    {{ return(
        '(' ~ sql_text(account ~ '/') ~ ' || ' ~ connector_column(name, 'text', found) ~ ')'
    ) }}
{% endmacro %}


{#
    The transaction that wrote a row, of 64 bits. A row says only how many transactions
    lie between it and now (`age`); so does any transaction of which all bits are known
#}
{% macro row_xid() %}
    {{ return(
        'greatest(3, (select known::text::bigint + age(known::xid)'
        ~ ' from pg_snapshot_xmax(pg_current_snapshot()) as known)'
        ~ ' - age(xmin))::text::xid8'
    ) }}
{% endmacro %}


{# a text of SQL, quoted #}
{% macro sql_text(value) %}
    {{ return("'" ~ value | replace("'", "''") ~ "'::text") }}
{% endmacro %}
