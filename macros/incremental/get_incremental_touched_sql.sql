{#
    The one incremental strategy of the project. The temporary relation holds every row
    that the touched keys have now. Rows they no longer have leave, rows that differ are
    merged, rows that are the same are not written, so nothing downstream is woken for
    them. Keys that were given up are noted for the models downstream
    (`meta.moves` names further columns whose former values they aggregate by).
    `meta.quiet` names columns that nothing downstream reads: a row in which only they
    differ is written, but keeps its `changed_xid`. One that is among `moves`, too, is
    told to those who ask by it, and to nobody else.
    `meta.stamps` names columns that say in which transaction certain values of the row
    last changed: a new row brings its own, one that stands has the other or keeps it.
#}
{% macro get_incremental_touched_sql(arg_dict) %}
    {% set target = arg_dict['target_relation'] %}
    {% set source = arg_dict['temp_relation'] %}
    {% set unique_key = arg_dict['unique_key'] %}
    {% set keys = [unique_key] if unique_key is string else unique_key %}
    {% set touched_columns = touched_key_columns() %}
    {% set columns = arg_dict['dest_columns'] | map(attribute='name') | list %}
    {% set stamps = config.get('meta').get('stamps') or {} %}
    {% set compared = columns | reject('in', keys + ['changed_xid']) | reject('in', stamps) | list %}
    {% set quiet = config.get('meta').get('quiet') or [] %}
    {% set loud = compared | reject('in', quiet) | list %}
    {% set moves = (keys + (config.get('meta').get('moves') or [])) | unique | list %}
    {% set relation_name = target.schema ~ '.' ~ target.identifier %}
    {# rows are found by the touched keys, where these tell them apart; else by their own too #}
    {% set keeps_place = touched_columns | reject('in', keys) | list == [] %}

    -- how many rows, and of which keys, is all that the planner has to know of them
    analyze {{ source }} ({{ keys | join(', ') }});

    -- one look-up per row: what is stored must not be read whole for what is new. Least of
    -- all a table that was empty a moment ago: it grows while it is read again and again
    set local enable_seqscan = off;

    with known as materialized (
        {% for column in touched_columns %}
        select found.*
        from {{ touched_table() }} as touched
        cross join lateral (
            select
                old.ctid as place
                {%- for move in moves %},
                old.{{ move }}
                {%- endfor %}

            from {{ target }} as old
            where old.{{ column }} = touched.touched_key
            -- keeps the planner to one look-up per key
            offset 0
        ) as found
        {# a row about two touched keys is found twice #}
        {{ 'union' if not loop.last }}
        {% endfor %}
    ),
    gone as (
        delete from {{ target }}
        where ctid = any(array(
            select known.place
            from known
            left join {{ source }} as new on {{ keys_match(keys, 'known') }}
            where new.{{ keys[0] }} is null
        ))
    ),
    moved as (
        insert into {{ operations_schema() }}.moved_keys (relation, key_column, key_value)
        select distinct '{{ relation_name }}', moved.key_column, moved.key_value
        from known
        left join {{ source }} as new on {{ keys_match(keys, 'known') }}
        cross join lateral (
            values
            {% for column in moves %}
            ('{{ column }}', known.{{ column }}::text, new.{{ column }}::text)
            {%- if column in quiet %},
            {# nothing else says what it is now #}
            ('{{ column }}', new.{{ column }}::text, known.{{ column }}::text)
            {%- endif %}{{ ',' if not loop.last }}
            {% endfor %}
        ) as moved (key_column, key_value, new_value)
        where moved.key_value is not null and moved.new_value is distinct from moved.key_value
    )
    merge into {{ target }} as old
    using (
        select
            new.*,
            {{ 'known.place' if keeps_place else 'coalesce(known.place, elsewhere.place) as place' }}
        from {{ source }} as new
        left join known on {{ keys_match(keys, 'known') }}
        {% if not keeps_place %}
        left join lateral (
            select old.ctid as place
            from {{ target }} as old
            where known.place is null and {{ keys_match(keys) }}
            offset 0
        ) as elsewhere on true
        {% endif %}
        -- neighbours in an index share its pages
        order by {% for key in keys %}new.{{ key }}{{ ', ' if not loop.last }}{% endfor %}

    ) as new
    on old.ctid = new.place
    {% if compared %}
    when matched and {{ rows_differ(compared) }} then update set
        {% for column in columns if column not in keys %}
        {% if quiet and column == 'changed_xid' %}
        changed_xid = case when {{ rows_differ(loud) }} then new.changed_xid else old.changed_xid end
        {%- elif column in stamps %}
        {{ column }} = case
            when (
                {{ stamps[column] | replace(':row', 'old') }}
            ) is distinct from (
                {{ stamps[column] | replace(':row', 'new') }}
            ) then new.changed_xid else old.{{ column }} end
        {%- else %}
        {{ adapter.quote(column) }} = new.{{ adapter.quote(column) }}
        {%- endif %}{{ ', ' if not loop.last }}
        {% endfor %}
    {% endif %}
    when not matched then insert (
        {% for column in columns %}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}
    ) values (
        {% for column in columns %}new.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}
    );
{% endmacro %}


{% macro keys_match(keys, known='old') -%}
    {% for key in keys %}{{ known }}.{{ key }} = new.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}


{% macro rows_differ(columns) -%}
    (
        {% for column in columns %}old.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}
    ) is distinct from (
        {% for column in columns %}new.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}
    )
{%- endmacro %}
