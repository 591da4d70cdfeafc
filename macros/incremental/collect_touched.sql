{#
    Before an incremental build: note the snapshot, and put the keys that changed since
    the last one into a temporary table, analysed, so that the planner knows how few
    they are.

    `meta.touched_by` of a model lists what touches it:
      parent      a staging model, an incremental model or a seed
      key         the column of the parent that holds the key
      where       a condition on the parent's rows
      stamp       the parent's column that says in which transaction what concerns this
                  model last changed, where more than that changes the row
      always      true: all its keys are touched at each run. Those of a seed are, without
                  it, at each run that finds the seed's rows changed
      via         {model, column, key, type}: `key` above is matched with `column` of that
                  model, of that type (text), and its `key` is what is touched
      each        an expression over `fresh_key` that returns a set: what one key touches
      told_in     {table, key}: instead of a key of the parent, what it wrote down of it in
                  a table that only grows, which has a `changed_xid`; `key` is touched
    `meta.touched_key` names the column of the model that the keys stand in
    (`unique_key` when left out), or two columns that hold keys of one kind;
    `meta.touched_type` is their type (text). `meta.closed_over` is a query over
    `closed.touched_key`: what it returns is touched too, and so on from there; not so
    when the model `meta.closed_unless_read_by` has read what the last build wrote.
    `meta.components` names the column in which the model remembers which keys hang
    together; touched are also all keys that hung together with a touched one, so both
    ends of a new tie have to be touched. `meta.running` is a condition on the model's
    own rows: where it holds, their keys are touched at each run. `[model]` in these
    texts stands for where that model's table is.
#}
{% macro collect_touched() %}
    {% if config.get('materialized') != 'incremental' or not execute %}
        {{ return('') }}
    {% endif %}
    {% set meta = config.get('meta') or {} %}
    {% set touched_by = meta.get('touched_by') or [] %}
    {# what the last build saw, and whether seeds or whole parents were written since #}
    {% set noted = run_query(
        "insert into " ~ operations_schema() ~ ".watermarks as mine"
        ~ " (relation, next_snapshot, next_seeds)"
        ~ " values ('" ~ this.schema ~ "." ~ this.name ~ "', pg_current_snapshot(), "
        ~ seed_contents(touched_by) ~ ")"
        ~ " on conflict (relation) do update"
        ~ " set next_snapshot = excluded.next_snapshot, next_seeds = excluded.next_seeds"
        ~ " returning pg_snapshot_xmin(mine.snapshot)::text, mine.snapshot::text,"
        ~ " mine.seeds is distinct from mine.next_seeds,"
        ~ " (select string_agg(anew.relation, ' ') from " ~ operations_schema()
        ~ ".watermarks as anew where not"
        ~ " pg_visible_in_snapshot(anew.rebuilt_xid, mine.snapshot))"
    ) %}
    {% set state = noted.rows[0] if noted.rows[0][1] is not none else none %}
    {{ note_sync_marks(touched_by) }}

    {% if is_incremental() %}
        {% set parts = [] %}
        {% for touch in touched_by %}
            {% do parts.append(
                told_keys(touch['told_in'], state) if touch['told_in']
                else touched_keys(touch, state)
            ) %}
        {% endfor %}
        {# a refresh by the minute lets the clocks run on every few minutes only #}
        {% if meta.get('running') and var('clocks_run', true) %}
            {% for column in touched_key_columns() %}
                {% do parts.append(
                    'select ' ~ column ~ '::text as touched_key from ' ~ this
                    ~ ' where (' ~ at_this_run(meta['running']) ~ ') and ' ~ column ~ ' is not null'
                ) %}
            {% endfor %}
        {% endif %}
        -- of keys and new rows no more has to be known than how many they are
        set local default_statistics_target = 10;
        create temporary table {{ touched_table() }} on commit drop as
        select distinct touched_key::{{ meta.get('touched_type', 'text') }} as touched_key
        from (
            {{ parts | join('\n        union all\n        ') }}
        ) as touched
        -- neighbours in an index are looked up one after the other
        order by touched_key;
        create unique index on {{ touched_table() }} (touched_key);
        analyze {{ touched_table() }};

        {% if meta.get('closed_over') and not was_read_by(meta.get('closed_unless_read_by')) %}
            insert into {{ touched_table() }} (touched_key)
            with recursive closed as (
                select touched_key
                from {{ touched_table() }}
                union
                select near_by.touched_key
                from closed
                cross join lateral (
                    {{ at_this_run(meta['closed_over']) }}
                    -- keeps the planner to one look-up per key
                    offset 0
                ) as near_by (touched_key)
            )
            select touched_key from closed
            on conflict (touched_key) do nothing;
            analyze {{ touched_table() }};
        {% endif %}
        {% if meta.get('components') %}
            insert into {{ touched_table() }} (touched_key)
            with components as materialized (
                select distinct known.component
                from {{ touched_table() }} as touched
                cross join lateral (
                    select target.{{ meta['components'] }} as component
                    from {{ this }} as target
                    where target.{{ touched_key_columns()[0] }} = touched.touched_key
                    -- keeps the planner to one look-up per key
                    offset 0
                ) as known
            )
            select members.touched_key
            from components
            cross join lateral (
                select target.{{ touched_key_columns()[0] }} as touched_key
                from {{ this }} as target
                where target.{{ meta['components'] }} = components.component
                offset 0
            ) as members
            order by touched_key
            on conflict (touched_key) do nothing;
            analyze {{ touched_table() }};
        {% endif %}
    {% endif %}
{% endmacro %}


{% macro touched_keys(touch, state) %}
    {% set parent = relation_of(touch['parent']) %}
    {% set parent_name = parent.schema ~ '.' ~ parent.identifier %}
    {% set is_seed = node_of(touch['parent']).resource_type == 'seed' %}
    {% set is_built = not is_seed and not touch['parent'].startswith('stg_') %}
    {% set connected = connector_behind(touch['parent']) %}
    {% if state is none or touch['always'] %}
        {% set since = 'true' %}
    {% elif is_seed %}
        {% set since = state[2] %}
    {% elif connected %}
        {% set since = since_sync_marks(touch['parent'], connected, state) %}
    {% else %}
        {% set since = since_snapshot('changed_xid' if is_built else 'landed_xid', state) %}
        {% if touch['stamp'] %}
            {% set since = since ~ ' and ' ~ is_unread(touch['stamp'], state) %}
        {% endif %}
    {% endif %}
    {% set fresh %}
        select ({{ touch['key'] }})::text as fresh_key
        from {{ parent }} as parent
        where {{ since }}
            {%- if touch['where'] %} and ({{ at_this_run(touch['where']) }}){% endif %}
            and ({{ touch['key'] }}) is not null
        {% if is_built and state is not none %}
        union
        select key_value
        from {{ operations_schema() }}.moved_keys
        where relation = '{{ parent_name }}' and key_column = '{{ touch["key"] | replace("'", "''") }}'
            and {{ since_snapshot('changed_xid', state) }}
        {% endif %}
    {% endset %}

    {% if touch['via'] %}
        select matched.touched_key
        from ({{ fresh }}) as fresh
        cross join lateral (
            select via.{{ touch['via']['key'] }}::text as touched_key
            from {{ relation_of(touch['via']['model']) }} as via
            where via.{{ touch['via']['column'] }} = fresh.fresh_key::{{ touch['via'].get('type', 'text') }}
            -- keeps the planner, who cannot know how few they are, to one look-up per key
            offset 0
        ) as matched
        where matched.touched_key is not null
    {% elif touch['each'] %}
        select {{ at_this_run(touch['each']) }} as touched_key from ({{ fresh }}) as fresh
    {% else %}
        select fresh_key as touched_key from ({{ fresh }}) as fresh
    {% endif %}

    {# a parent that was built anew, or a seed that changed, may lack keys it once had #}
    {% if state is none or (is_seed and touch['always']) %}
        {% set may_lack = false %}
    {% elif is_seed %}
        {% set may_lack = state[2] %}
    {% else %}
        {% set may_lack = is_built and parent_name in (state[3] or '').split() %}
    {% endif %}
    {% if may_lack %}
        {% for column in touched_key_columns() %}
        union
        select {{ column }}::text
        from {{ this }}
        where {{ column }} is not null
        {% endfor %}
    {% endif %}
{% endmacro %}


{% macro told_keys(told_in, state) %}
    select ({{ told_in['key'] }})::text as touched_key
    from {{ told_in['table'] }}
    where {{ 'true' if state is none else since_snapshot('changed_xid', state) }}
{% endmacro %}


{# was a model built after the last build of this one? Builds never run side by side #}
{% macro was_read_by(reader_name) %}
    {% if not reader_name %}{{ return(false) }}{% endif %}
    {% set reader = relation_of(reader_name) %}
    {% set read = run_query(
        'select exists (select 1 from ' ~ operations_schema() ~ '.watermarks as mine'
        ~ ' inner join ' ~ operations_schema() ~ '.watermarks as readers'
        ~ ' on pg_snapshot_xmax(readers.snapshot) > pg_snapshot_xmax(mine.snapshot)'
        ~ " where mine.relation = '" ~ this.schema ~ '.' ~ this.name ~ "'"
        ~ " and readers.relation = '" ~ reader.schema ~ '.' ~ reader.identifier ~ "')"
    ) %}
    {{ return(read.rows[0][0]) }}
{% endmacro %}


{# one text that changes when a row of the seeds among the parents does #}
{% macro seed_contents(touched_by) -%}
    {% set contents = [] %}
    {% for touch in touched_by
        if node_of(touch['parent']).resource_type == 'seed' and not touch['always'] %}
        {% do contents.append(
            "(select string_agg(seed::text, '|' order by seed::text) from "
            ~ relation_of(touch['parent']) ~ ' as seed)'
        ) %}
    {% endfor %}
    {{ "md5(concat_ws('|', " ~ contents | unique | join(', ') ~ '))' if contents else 'null' }}
{%- endmacro %}


{#
    where a model stands: `ref` would refuse the private models of another room, which a
    model does not read but hears of through the model that unites them
#}
{% macro relation_of(model_name, type=none) %}
    {% set node = node_of(model_name) %}
    {{ return(api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.alias, type=type
    )) }}
{% endmacro %}


{% macro node_of(name) %}
    {{ return(
        graph.nodes.get('model.' ~ project_name ~ '.' ~ name)
        or graph.nodes['seed.' ~ project_name ~ '.' ~ name]
    ) }}
{% endmacro %}


{#
    a condition of a model's meta, which is written down when the project is parsed:
    `:as_of` stands for the as-of time of the run, `:this` for the model's own table,
    `[model]` for that model's
#}
{% macro at_this_run(condition) -%}
    {% set text = namespace(
        value=condition | replace(':as_of', as_of()) | replace(':this', this | string)
    ) %}
    {% for name in modules.re.findall('\\[([a-z][a-z0-9_]*)\\]', condition) %}
        {% set text.value = text.value | replace('[' ~ name ~ ']', relation_of(name) | string) %}
    {% endfor %}
    {{ text.value }}
{%- endmacro %}


{# the first comparison is for the index, the second is the exact one #}
{% macro since_snapshot(stamp, state) -%}
    {{ stamp }} >= '{{ state[0] }}'::xid8 and {{ is_unread(stamp, state) }}
{%- endmacro %}


{% macro is_unread(stamp, state) -%}
    not pg_visible_in_snapshot({{ stamp }}, '{{ state[1] }}'::pg_snapshot)
{%- endmacro %}


{% macro touched_table() -%}
    pg_temp.touched_{{ local_md5(this.schema ~ '.' ~ this.identifier)[:24] }}
{%- endmacro %}


{% macro touched_key_columns() -%}
    {% set columns = config.get('meta', {}).get('touched_key') or config.get('unique_key') %}
    {{ return([columns] if columns is string else columns) }}
{%- endmacro %}
