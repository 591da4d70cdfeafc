{#
    Before a build: the tables, views and triggers of the seconds path, in the schema
    `live`. They are no models: a row that lands is in them when its transaction ends.
    Nothing is done while the text of all this is what it was
#}
{% macro prepare_live() %}
    {% if not execute %}
        {# what the macros of the models name, so that a hook may name it too #}
        {% do ref('seed_test_identifiers') %}
        {% do ref('stg_frontdesk__decisions') %}
        {{ return('') }}
    {% endif %}
    {% if flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% set tables = live_tables() %}
    {% set text = live_schema_text() ~ live_functions_text() ~ live_views_text()
        ~ live_triggers_text(tables) %}
    {% set version = local_md5(text) %}
    {% set known = run_query(
        "select obj_description(to_regnamespace('" ~ live_schema() ~ "')) like '%(version "
        ~ version ~ ")'"
    ) %}
    {% if known.rows[0][0] %}
        {{ return(live_catch_up_text() if tables else '') }}
    {% endif %}
    -- one at a time: two processes may find it missing at once
    select pg_advisory_xact_lock({{ live_lock_class() }}, 0);
    {{ text }}
    -- who lands meanwhile may wait for what is written so far
    commit;
    begin;
    {% for trigger in live_triggers(tables) %}
    {{ live_trigger_text(trigger) }}
    {% endfor %}
    do $live$ begin
        -- without it the next build comes here again
        if not exists (select 1 from {{ live_schema() }}.unheard()) then
            comment on schema {{ live_schema() }} is
                'Contacts, minutes, queues and agents as known this second, kept by '
                'triggers on the raw tables; see macros/live/README.md (version {{ version }})';
        end if;
    end $live$;
{% endmacro %}


{#
    What was put off is taken in before the models are built, so that the two agree. What
    it locks is let go at once
#}
{% macro live_catch_up_text() %}
    select {{ live_schema() }}.prune();
    commit;
    begin;
    select {{ live_schema() }}.catch_up();
    commit;
    begin;
{% endmacro %}


{% macro live_schema() -%}
    {{ generate_schema_name('live', none) }}
{%- endmacro %}


{# the first half of the keys of our advisory locks; the second is a source's #}
{% macro live_lock_class() -%}
    701233190
{%- endmacro %}


{#
    The raw tables there are, each with its source, and what of it the seconds path reads.
    A target beside the default one shares the raw tables, and triggers would fire twice
#}
{% macro live_tables() %}
    {% if target.name != 'default' %}{{ return([]) }}{% endif %}
    {% set found = run_query(
        "select nspname::text, relname::text from pg_class"
        ~ " inner join pg_namespace on relnamespace = pg_namespace.oid"
        ~ " where nspname like 'raw\\_%' and relkind in ('r', 'p') and relname !~ '^_'"
        ~ " and not relispartition and exists (select 1 from pg_attribute"
        ~ " where attrelid = pg_class.oid and attname = '_landed_xid')"
        ~ ' order by 1, 2'
    ) %}
    {% set sources = live_sources() %}
    {% set tables = [] %}
    {% for row in found.rows %}
        {% set source = sources | selectattr('name', 'equalto', row[0][4:]) | first %}
        {% set heard = (source or {}).get('tables', []) | selectattr('name', 'equalto', row[1]) | first %}
        {% if row[0] == 'raw_workforce' and row[1] == 'agent_states' %}
            {% set heard = {'key': 'state_id', 'moment': 'started_at'} %}
        {% endif %}
        {% do tables.append({
            'schema': row[0],
            'source': row[0][4:],
            'name': row[1],
            'channel': source['channel'] if source,
            'key': heard['key'] if heard,
            'moment': heard['moment'] if heard,
        }) %}
    {% endfor %}
    {{ return(tables) }}
{% endmacro %}
