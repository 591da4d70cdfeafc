{# what the triggers on the raw tables there are call, and the list of these tables #}
{% macro live_triggers_text(tables) %}
    {% set schema = live_schema() %}
    set check_function_bodies = off;
    {% for table in tables if table['key'] %}
    {{ live_note_text(table) }}
    {% endfor %}
    {{ live_note_others_text() }}
    {{ live_note_decisions_text() }}
    {{ live_unheard_text(tables) }}
    {{ live_rebuild_text(tables) }}
    {{ live_sync_text() }}
    reset check_function_bodies;

    {% for table in tables %}
    insert into {{ schema }}.feed_tables (source_name, table_name, channel)
    values (
        '{{ table['source'] }}',
        '{{ table['name'] }}',
        {{ "'" ~ table['channel'] ~ "'" if table['channel'] else 'null' }}
    )
    on conflict (source_name, table_name) do update set channel = excluded.channel;
    {% endfor %}
    -- once per transaction, when it ends: what it holds then it holds but a moment
    do $live$ begin
        if not exists (
            select 1 from pg_trigger
            where tgname = 'settle' and tgrelid = '{{ schema }}.landings'::regclass
        ) then
            create constraint trigger settle
            after insert on {{ schema }}.landings
            deferrable initially deferred
            for each row execute function {{ schema }}.settle();
        end if;
    end $live$;
{% endmacro %}


{# relation, event and function of each trigger there has to be #}
{% macro live_triggers(tables) %}
    {% set found = [] %}
    {% for table in tables %}
        {% do found.append({
            'relation': table['schema'] ~ '.' ~ table['name'],
            'event': 'insert',
            'function': 'note_' ~ (table['source'] ~ '_' ~ table['name'] if table['key'] else 'others'),
        }) %}
    {% endfor %}
    {% for event in (['insert', 'update'] if tables else []) %}
        {% do found.append({
            'relation': operations_schema() ~ '.review',
            'event': event,
            'function': 'note_decisions',
        }) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#
    A trigger that is not there yet. Making it waits for whoever is landing, and who lands
    next would wait behind it: so not for long, and each in a transaction of its own, so
    that none waits in a circle. What it missed is filled in at the end of the build
#}
{% macro live_trigger_text(trigger) %}
    {% set schema = live_schema() %}
    {% set name = 'live_' ~ trigger['event'] %}
    do $live$
    declare
        called oid := (
            select tgfoid from pg_trigger
            where tgrelid = '{{ trigger['relation'] }}'::regclass and tgname = '{{ name }}'
        );
    begin
        if called = '{{ schema }}.{{ trigger['function'] }}'::regproc then
            return;
        end if;
        set local lock_timeout = '1s';
        create or replace trigger {{ name }}
        after {{ trigger['event'] }} on {{ trigger['relation'] }}
        referencing new table as landed
        for each statement execute function {{ schema }}.{{ trigger['function'] }}();
        update {{ schema }}.settings set filled_at = null;
    exception when lock_not_available then
        raise notice '{{ trigger['relation'] }} is heard from the next build on';
    end $live$;
    commit;
    begin;
{% endmacro %}


{# the tables whose triggers could not be made yet #}
{% macro live_unheard_text(tables) %}
    {% set schema = live_schema() %}
    create or replace function {{ schema }}.unheard() returns setof text
    language sql stable set search_path = pg_catalog, pg_temp as $live$
        {% for trigger in live_triggers(tables) %}
        select '{{ trigger['relation'] }}'
        where
            to_regclass('{{ trigger['relation'] }}') is not null
            and not exists (
                select 1 from pg_trigger
                where
                    tgrelid = to_regclass('{{ trigger['relation'] }}')
                    and tgname = 'live_{{ trigger['event'] }}'
            )
        union
        {% endfor %}
        select null where false;
    $live$;
    comment on function {{ schema }}.unheard() is
        'The raw tables without a trigger because something was landing when a build '
        'began; the next build makes it.';
{% endmacro %}


{#
    After a statement that lands rows of a table that is heard: which keys it touches. Of
    a load of history, those that are too old to be known are left out here
#}
{% macro live_note_text(table) %}
    {% set schema = live_schema() %}
    {% set key, moment = table['key'], table['moment'] %}
    create or replace function {{ schema }}.note_{{ table['source'] }}_{{ table['name'] }}()
    returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $live$
    declare
        counted bigint;
        newest timestamptz;
        bound timestamptz;
        streamed boolean;
        touched text[];
    begin
        select
            count(*),
            -- a clock that is ahead must not make a silent feed look alive
            max({{ moment }}) filter (where {{ moment }} <= now() + interval '5 minutes'),
            coalesce(bool_or(starts_with(_source_name, 'stream:')), false)
        into counted, newest, streamed
        from landed;
        if counted = 0 then
            return null;
        end if;
        select
            greatest(kept_from, least(now(), newest) - days_kept * interval '1 day')
            -- what is a little older may belong to what is known, or be repeated by it
            - interval '1 day'
        into bound
        from {{ schema }}.settings;
        select array_agg(distinct {{ key }})
        into touched
        from landed
        where
            {{ key }} is not null
            and (
                {{ moment }} >= bound
                or {{ moment }} is null
                or exists (
                    select 1
                    {% if table['source'] == 'workforce' %}
                    from {{ schema }}.agent_states
                    where agent_states.state_id = landed.{{ key }}
                    {% else %}
                    from {{ schema }}.contacts
                    where
                        contacts.source_name = '{{ table['source'] }}'
                        and contacts.group_hash = hashtextextended(landed.{{ key }}, 0)
                    {% endif %}
                )
            );
        insert into {{ schema }}.landings (
            source_name, table_name, row_count, last_event_at, is_stream, keys
        )
        values (
            '{{ table['source'] }}', '{{ table['name'] }}', counted, newest, streamed,
            touched
        );
        return null;
    end
    $live$;
{% endmacro %}


{# of all other raw tables it is known when they were heard of #}
{% macro live_note_others_text() %}
    {% set schema = live_schema() %}
    create or replace function {{ schema }}.note_others() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $live$
    begin
        insert into {{ schema }}.landings (source_name, table_name, row_count, is_stream)
        select
            substr(tg_table_schema, 5),
            tg_table_name,
            count(*),
            coalesce(bool_or(starts_with(_source_name, 'stream:')), false)
        from landed
        having count(*) > 0;
        return null;
    end
    $live$;
{% endmacro %}


{# what a reviewer decides changes what counts, as it does in the next build #}
{% macro live_note_decisions_text() %}
    {% set schema = live_schema() %}
    create or replace function {{ schema }}.note_decisions() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $live$
    begin
        if not exists (
            select 1 from landed where decided_xid = pg_current_xact_id()
        ) then
            return null;
        end if;
        insert into {{ schema }}.pending (source_name, keys, reason)
        select source_name, array_agg(distinct key), 'decided by a reviewer'
        from (
            {% for source in live_sources() %}
            {% set outer = loop %}
            {% for record_type, staging in source['decided'].items() %}
            select
                '{{ source['name'] }}' as source_name,
                {{ 'versions.' ~ source['key'] if staging else 'landed.record_id' }} as key
            from landed
            {% if staging %}
            inner join {{ kept_relation(staging) }} as versions
                on landed.record_id = versions.message_id
            {% endif %}
            where
                landed.record_type = '{{ record_type }}'
                and landed.decided_xid = pg_current_xact_id()
            {{ 'union all' if not (loop.last and outer.last) }}
            {% endfor %}
            {% endfor %}
        ) as decided
        group by source_name;
        return null;
    end
    $live$;
{% endmacro %}


{# from raw: what landed before the triggers, or all of the days kept anew #}
{% macro live_rebuild_text(tables) %}
    {% set schema = live_schema() %}
    create or replace function {{ schema }}.rebuild(since timestamptz default null)
    returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp as $live$
    declare
        bound timestamptz;
        put_off bigint;
    begin
        perform {{ schema }}.lock_all();
        delete from {{ schema }}.contacts;
        delete from {{ schema }}.minutes;
        delete from {{ schema }}.agent_states;
        delete from {{ schema }}.pending;
        {% for table in tables if table['key'] %}
        update {{ schema }}.feed_tables
        set last_event_at = greatest(last_event_at, (
            select max({{ table['moment'] }}) filter (where {{ table['moment'] }} <= now())
            from {{ table['schema'] }}.{{ table['name'] }}
        ))
        where
            source_name = '{{ table['source'] }}'
            and table_name = '{{ table['name'] }}';
        {% endfor %}
        {% if tables %}
        update {{ schema }}.feed_tables as feeds
        set last_landed_at = greatest(feeds.last_landed_at, batches.loaded_at)
        from (
            select source_name, table_name, max(loaded_at) as loaded_at
            from {{ operations_schema() }}.batches
            group by source_name, table_name
        ) as batches
        where
            feeds.source_name = batches.source_name
            and feeds.table_name = batches.table_name;
        {% endif %}
        bound := coalesce(since, {{ schema }}.begin_of_days(), '-infinity');
        update {{ schema }}.settings set kept_from = bound, filled_at = now();
        insert into {{ schema }}.pending (source_name, keys, reason)
        select source_name, array_agg(key), 'landed before'
        from (
            select
                source_name,
                key,
                row_number() over (partition by source_name order by key)
                / {{ live_most_at_once() }} as part
            from (
                select null::text as source_name, null::text as key where false
                {% for table in tables if table['key'] %}
                union
                select '{{ table['source'] }}', {{ table['key'] }}
                from {{ table['schema'] }}.{{ table['name'] }}
                where
                    {{ table['key'] }} is not null
                    and (
                        {{ table['moment'] }} >= bound - interval '1 day'
                        or {{ table['moment'] }} is null
                    )
                {% endfor %}
            ) as known
        ) as numbered
        group by source_name, part;
        select coalesce(sum(cardinality(keys)), 0) into put_off from {{ schema }}.pending;
        return put_off;
    end
    $live$;
    comment on function {{ schema }}.rebuild(timestamptz) is
        'Forgets everything and puts off what raw holds since a moment (of the days '
        'kept, when none is given) for live.catch_up(); returns how many keys.';

    -- heard from now on: what lands before the first filling must not be lost
    update {{ schema }}.settings set kept_from = '-infinity' where kept_from is null;
{% endmacro %}


{# after a build: copies of small lists, which views may not read where a build drops them #}
{% macro live_sync_text() %}
    {% set schema = live_schema() %}
    {% set volume = kept_relation('kpi_source_volume_hourly') | trim %}
    create or replace function {{ schema }}.sync_lists() returns void
    language plpgsql set search_path = pg_catalog, pg_temp as $live$
    begin
        if to_regclass('{{ kept_relation('seed_channels') | trim }}') is not null then
            insert into {{ schema }}.channels as known
            select
                channel, has_abandonment, first_response_target_seconds,
                service_level_target_rate
            from {{ kept_relation('seed_channels') }}
            on conflict (channel) do update
            set
                has_abandonment = excluded.has_abandonment,
                first_response_target_seconds = excluded.first_response_target_seconds,
                service_level_target_rate = excluded.service_level_target_rate
            where known is distinct from excluded;
        end if;
        if to_regclass('{{ kept_relation('dim_agents') | trim }}') is not null then
            insert into {{ schema }}.agents as known
            select agent_id, site_code, team_name, team_kind, skills
            from {{ kept_relation('dim_agents') }}
            on conflict (agent_id) do update
            set
                site_code = excluded.site_code,
                team_name = excluded.team_name,
                team_kind = excluded.team_kind,
                skills = excluded.skills
            where known is distinct from excluded;
        end if;
        if to_regclass('{{ kept_relation('seed_source_tables') | trim }}') is not null then
            update {{ schema }}.feed_tables as feeds
            set stale_after_seconds = rhythms.stale_after_hours::bigint * 3600
            from {{ kept_relation('seed_source_tables') }} as rhythms
            where
                rhythms.record_type = feeds.source_name || '.' || feeds.table_name
                and feeds.stale_after_seconds
                is distinct from rhythms.stale_after_hours::bigint * 3600;
        end if;
        if to_regclass('{{ volume }}') is not null then
            update {{ schema }}.feed_tables as feeds
            set expected_per_hour = usual.row_count
            from (
                -- of the hours in which something is expected, within the last four weeks
                select
                    source_name,
                    table_name,
                    round(avg(row_count), 1) as row_count
                from {{ volume }}
                where
                    is_over
                    and hour_started_at > (
                        select max(hour_started_at) from {{ volume }} where row_count > 0
                    ) - interval '28 days'
                group by source_name, table_name
            ) as usual
            where
                feeds.source_name = usual.source_name
                and feeds.table_name = usual.table_name
                and feeds.expected_per_hour is distinct from usual.row_count;
        end if;
    end
    $live$;
{% endmacro %}
