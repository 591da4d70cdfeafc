{#
    Before an incremental build: note the snapshot, and put the keys that changed since
    the last one into a temporary table, analysed, so that the planner knows how few
    they are.

    `meta.touched_by` of a model lists what touches it:
      parent      a staging model, an incremental model or a seed
      key         the column of the parent that holds the key
      where       a condition on the parent's rows
      always      true: all its keys are touched at each run; a seed needs not say so
      via         {model, column, key}: `key` above is matched with `column` of that
                  model, and its `key` is what is touched
      each        an expression over `fresh_key` that returns a set: what one key touches
    `meta.touched_key` names the column of the model that the keys stand in
    (`unique_key` when left out). `meta.closed_over` = {model, key, column, near, seconds}
    touches also every key that shares a value of `column` with a touched one at about
    the same time (`near`), and the keys about those. `meta.running` is a condition on the
    model's own rows: where it holds, their keys are touched at each run.
#}
{% macro collect_touched() %}
    {% if config.get('materialized') != 'incremental' or not execute %}
        {{ return('') }}
    {% endif %}
    insert into {{ operations_schema() }}.watermarks (relation, next_snapshot)
    values ('{{ this.schema }}.{{ this.name }}', pg_current_snapshot())
    on conflict (relation) do update set next_snapshot = excluded.next_snapshot;

    {% set meta = config.get('meta') or {} %}
    {% set touched_by = meta.get('touched_by') or [] %}
    {{ note_sync_marks(touched_by) }}

    {% if is_incremental() %}
        {% set state = run_query(
            "select pg_snapshot_xmin(snapshot)::text, snapshot::text from "
            ~ operations_schema() ~ ".watermarks where relation = '"
            ~ this.schema ~ "." ~ this.name ~ "' and snapshot is not null"
        ) %}
        {% set parts = [] %}
        {% for touch in touched_by %}
            {% do parts.append(touched_keys(touch, state.rows[0] if state.rows else none)) %}
        {% endfor %}
        {% if meta.get('running') %}
            {% do parts.append(
                'select ' ~ touched_key_column() ~ '::text as touched_key from ' ~ this
                ~ ' where (' ~ at_this_run(meta['running']) ~ ') and ' ~ touched_key_column() ~ ' is not null'
            ) %}
        {% endif %}
        create temporary table {{ touched_table() }} on commit drop as
        select distinct touched_key
        from (
            {{ parts | join('\n        union all\n        ') }}
        ) as touched;
        create unique index on {{ touched_table() }} (touched_key);
        analyze {{ touched_table() }};

        {% if meta.get('closed_over') %}
            {% set over = meta['closed_over'] %}
            insert into {{ touched_table() }} (touched_key)
            with recursive closed as (
                select touched_key
                from {{ touched_table() }}
                union
                select near_by.touched_key
                from closed
                cross join lateral (
                    select neighbours.{{ over['key'] }}::text as touched_key
                    from {{ relation_of(over['model']) }} as versions
                    inner join {{ relation_of(over['model']) }} as neighbours
                        on neighbours.{{ over['column'] }} = versions.{{ over['column'] }}
                        and neighbours.{{ over['near'] }}
                        between versions.{{ over['near'] }} - interval '{{ over['seconds'] }} seconds'
                        and versions.{{ over['near'] }} + interval '{{ over['seconds'] }} seconds'
                    where versions.{{ over['key'] }} = closed.touched_key
                    -- keeps the planner to one look-up per key
                    offset 0
                ) as near_by
            )
            select touched_key from closed
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
    {% if state is none or is_seed or touch['always'] %}
        {% set since = 'true' %}
    {% elif connected %}
        {% set since = since_sync_marks(touch['parent'], connected, state) %}
    {% else %}
        {% set since = since_snapshot('changed_xid' if is_built else 'landed_xid', state) %}
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
            where via.{{ touch['via']['column'] }} = fresh.fresh_key
            -- keeps the planner, who cannot know how few they are, to one look-up per key
            offset 0
        ) as matched
        where matched.touched_key is not null
    {% elif touch['each'] %}
        select {{ touch['each'] }} as touched_key from ({{ fresh }}) as fresh
    {% else %}
        select fresh_key as touched_key from ({{ fresh }}) as fresh
    {% endif %}

    {# a parent that was built anew may lack keys that it once had #}
    {% if is_built and state is not none %}
        union
        select target.{{ touched_key_column() }}::text
        from {{ this }} as target
        where target.{{ touched_key_column() }} is not null and exists (
            select 1 from {{ operations_schema() }}.watermarks
            where relation = '{{ parent_name }}'
                and {{ since_snapshot('rebuilt_xid', state) }}
        )
    {% endif %}
{% endmacro %}


{#
    where a model stands: `ref` would refuse the private models of another room, which a
    model does not read but hears of through the model that unites them
#}
{% macro relation_of(model_name) %}
    {% set node = node_of(model_name) %}
    {{ return(api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.alias
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
    `:as_of` stands for the as-of time of the run, `:this` for the model's own table
#}
{% macro at_this_run(condition) -%}
    {{ condition | replace(':as_of', as_of()) | replace(':this', this | string) }}
{%- endmacro %}


{# the first comparison is for the index, the second is the exact one #}
{% macro since_snapshot(stamp, state) -%}
    {{ stamp }} >= '{{ state[0] }}'::xid8
    and not pg_visible_in_snapshot({{ stamp }}, '{{ state[1] }}'::pg_snapshot)
{%- endmacro %}


{% macro touched_table() -%}
    pg_temp.touched_{{ local_md5(this.schema ~ '.' ~ this.identifier)[:24] }}
{%- endmacro %}


{% macro touched_key_column() -%}
    {{ return(config.get('meta', {}).get('touched_key') or config.get('unique_key')) }}
{%- endmacro %}
