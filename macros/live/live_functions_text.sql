{# what the triggers call, and what people and processes may call #}
{% macro live_functions_text() %}
    {% set schema = live_schema() %}
    -- the models come later in the first build
    set check_function_bodies = off;
    {% for source in live_sources() %}
    {{ live_source_functions_text(source) }}
    {% endfor %}
    {{ live_agent_function_text() }}

    create or replace function {{ schema }}.keep(source text, touched text[])
    returns text
    language plpgsql set search_path = pg_catalog, pg_temp as $live$
    declare
        changed bigint;
    begin
        execute format('select {{ schema }}.%I($1)', 'keep_' || source)
        into changed using touched;
        return case
            when changed = 0 then null
            when source = 'workforce' then 'refresh'
            {% for source in live_sources() if source['name'] != source['channel'] %}
            when source = '{{ source['name'] }}' then '{{ source['channel'] }}'
            {% endfor %}
            else source
        end;
    end
    $live$;
    comment on function {{ schema }}.keep(text, text[]) is
        'Looks at the contacts of a source''s keys anew and keeps what differs; returns '
        'the channel when something did. Call it under the lock of the source.';

    create or replace function {{ schema }}.keep_or_put_off(source text, touched text[])
    returns text
    language plpgsql set search_path = pg_catalog, pg_temp as $live$
    declare
        why_later text;
    begin
        why_later := case
            when cardinality(touched) > {{ live_most_at_once() }}
                then 'too many at once'
            -- the rows of whoever held the lock before would stay unseen
            when current_setting('transaction_isolation') != 'read committed'
                then 'landed in another isolation than read committed'
        end;
        if why_later is null then
            begin
                return {{ schema }}.keep(source, touched);
            exception when others then
                -- landing must not fail because of what is derived from it
                why_later := sqlerrm;
            end;
        end if;
        insert into {{ schema }}.pending (source_name, keys, reason)
        select source, array_agg(key), why_later
        from unnest(touched) with ordinality as numbered (key, number)
        group by number / {{ live_most_at_once() }};
        return null;
    end
    $live$;

    create or replace function {{ schema }}.settle() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $live$
    declare
        landed {{ schema }}.landings[];
        source record;
        channel text;
        channels text[] := '{}';
    begin
        -- the first of a transaction takes what all of it landed
        with mine as (
            delete from {{ schema }}.landings
            where landing_id >= new.landing_id and landed_xid = pg_current_xact_id()
            returning landings as landing
        )
        select array_agg(landing) into landed from mine;
        if landed is null then
            return null;
        end if;
        for source in
            select
                source_name as name,
                bool_or(keys is not null) as has_keys
            from unnest(landed)
            group by source_name
            order by source_name
        loop
            -- all in one order, and only from here to the end of the transaction
            perform pg_advisory_xact_lock({{ live_lock_class() }}, hashtext(source.name));
            -- who lands with an old snapshot may not add to what others wrote since
            if current_setting('transaction_isolation') = 'read committed' then
                perform {{ schema }}.note_landed(source.name, landed);
            end if;
            perform pg_notify('frontdesk_raw', source.name);
        end loop;
        for source in
            select
                source_name as name,
                array_agg(distinct key) as keys
            from unnest(landed), unnest(keys) as key
            group by source_name
            order by source_name
        loop
            channel := {{ schema }}.keep_or_put_off(source.name, source.keys);
            if channel is not null then
                channels := channels || channel;
            end if;
        end loop;
        if channels != '{}' then
            perform pg_notify('frontdesk_live', array_to_string(channels, ','));
        end if;
        return null;
    end
    $live$;
    comment on function {{ schema }}.settle() is
        'At the end of a transaction that landed rows: keeps what they change.';

    create or replace function {{ schema }}.note_landed(
        source text, landed {{ schema }}.landings[]
    ) returns void
    language sql set search_path = pg_catalog, pg_temp as $live$
        insert into {{ schema }}.landed_minutes (source_name, table_name, minute, row_count)
        select source_name, table_name, date_trunc('minute', now()), sum(row_count)
        from unnest(landed)
        where source_name = source
        group by source_name, table_name
        order by table_name
        on conflict (source_name, table_name, minute) do update
        set row_count = landed_minutes.row_count + excluded.row_count;

        insert into {{ schema }}.feed_tables (
            source_name, table_name, is_stream, last_event_at, last_landed_at
        )
        select
            source_name, table_name, bool_or(is_stream), max(last_event_at), now()
        from unnest(landed)
        where source_name = source
        group by source_name, table_name
        order by table_name
        on conflict (source_name, table_name) do update
        set
            is_stream = excluded.is_stream,
            last_event_at = greatest(feed_tables.last_event_at, excluded.last_event_at),
            last_landed_at = greatest(feed_tables.last_landed_at, excluded.last_landed_at);
    $live$;

    create or replace function {{ schema }}.lock_all() returns void
    language plpgsql set search_path = pg_catalog, pg_temp as $live$
    declare
        source text;
    begin
        for source in
            select distinct source_name from {{ schema }}.feed_tables order by source_name
        loop
            perform pg_advisory_xact_lock({{ live_lock_class() }}, hashtext(source));
        end loop;
    end
    $live$;

    create or replace function {{ schema }}.catch_up(most_keys integer default 20000)
    returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp as $live$
    declare
        part record;
        channel text;
        done bigint := 0;
    begin
        for part in
            select pending_id, source_name, keys, attempts
            from {{ schema }}.pending
            order by attempts, source_name, pending_id
        loop
            exit when done >= most_keys;
            -- another that is at it is not waited for, so none waits in a circle
            continue when not pg_try_advisory_xact_lock(
                {{ live_lock_class() }}, hashtext(part.source_name)
            );
            delete from {{ schema }}.pending where pending_id = part.pending_id;
            continue when not found;
            begin
                channel := {{ schema }}.keep(part.source_name, part.keys);
                done := done + cardinality(part.keys);
                if channel is not null then
                    perform pg_notify('frontdesk_live', 'refresh');
                end if;
            exception when others then
                insert into {{ schema }}.pending (source_name, keys, attempts, reason)
                values (part.source_name, part.keys, part.attempts + 1, sqlerrm);
            end;
        end loop;
        return done;
    end
    $live$;
    comment on function {{ schema }}.catch_up(integer) is
        'Takes in what was put off, about so many keys at most; returns how many.';

    create or replace function {{ schema }}.begin_of_days() returns timestamptz
    language sql stable set search_path = pg_catalog, pg_temp as $live$
        select
            date_trunc('hour', least(now(), max(last_event_at)), 'UTC')
            - (select days_kept from {{ schema }}.settings) * interval '1 day'
        from {{ schema }}.feed_tables
        having max(last_event_at) is not null
    $live$;

    create or replace function {{ schema }}.prune() returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp as $live$
    declare
        bound timestamptz := {{ schema }}.begin_of_days();
        gone bigint;
    begin
        if coalesce(bound <= (select kept_from from {{ schema }}.settings), true) then
            return 0;
        end if;
        perform {{ schema }}.lock_all();
        update {{ schema }}.settings set kept_from = bound;
        delete from {{ schema }}.contacts where offered_at < bound;
        get diagnostics gone = row_count;
        delete from {{ schema }}.minutes where minute < bound;
        delete from {{ schema }}.agent_states where started_at < bound;
        delete from {{ schema }}.landed_minutes where minute < bound;
        return gone;
    end
    $live$;
    comment on function {{ schema }}.prune() is
        'Forgets contacts older than the days kept, counted from the newest event; '
        'returns how many.';
    reset check_function_bodies;
{% endmacro %}


{# how many keys the transaction that lands them looks at; more are put off #}
{% macro live_most_at_once() -%}
    2000
{%- endmacro %}


{# how many keys one statement looks at: with more, its nested loops get long #}
{% macro live_slice() -%}
    250
{%- endmacro %}


{# the two functions of one source: what its keys' contacts are, and keeping them #}
{% macro live_source_functions_text(source) %}
    {% set schema = live_schema() %}
    {% set columns = live_contact_columns(source) %}
    {% set compared = live_compared_columns(source) %}
    {% set closed_over = (node_of(source['models'][0]).config.meta or {}).get('closed_over') %}
    create or replace function {{ schema }}.contacts_of_{{ source['name'] }}(wanted_keys text[])
    returns setof {{ schema }}.contacts
    language plpgsql stable rows 100
    set search_path = pg_catalog, pg_temp
    set jit = off
    -- every table is read by the keys, once, and joined by a hash: the planner cannot know
    -- how many keys there are, and would read the one for each row of the other
    set enable_seqscan = off
    set enable_nestloop = off
    set enable_mergejoin = off
    set plan_cache_mode = force_generic_plan
    as $live$
    #variable_conflict use_column
    begin
        return query
        {{ live_contacts_text(source) }};
    end
    $live$;
    comment on function {{ schema }}.contacts_of_{{ source['name'] }}(text[]) is
        'The contacts that these keys have now, as the models of {{ source['name'] }} judge them.';

    create or replace function {{ schema }}.keep_{{ source['name'] }}(touched text[])
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set jit = off
    set plan_cache_mode = force_generic_plan
    as $live$
    #variable_conflict use_column
    declare
        bound timestamptz := (select kept_from from {{ schema }}.settings);
        slice text[];
        changed_count bigint;
        total bigint := 0;
    begin
        for place in 1 .. cardinality(touched) by {{ live_slice() }} loop
            slice := touched[place : place + {{ live_slice() }} - 1];
            {% if closed_over %}
            -- what may be a duplicate of what, as the model has it
            with recursive closed as (
                select unnest(slice) as touched_key
                union
                select near_by.touched_key
                from closed
                cross join lateral (
                    {{ at_this_run(closed_over)
                        | replace(api.Relation.create(database=target.database) | string ~ '.', '') }}
                    offset 0
                ) as near_by (touched_key)
            )
            select array_agg(touched_key) into slice from closed;
            {% endif %}
            with
            fresh as materialized (
                select *
                from {{ schema }}.contacts_of_{{ source['name'] }}(slice)
                where offered_at >= bound
            ),
            stored as materialized (
                select contacts.*
                from {{ schema }}.contacts
                where
                    source_name = '{{ source['name'] }}'
                    and group_hash = any(
                        array(select hashtextextended(key, 0) from unnest(slice) as key)
                    )
                union
                select contacts.*
                from fresh
                inner join {{ schema }}.contacts
                    on
                        fresh.channel = contacts.channel
                        and fresh.contact_id = contacts.contact_id
            ),
            changed as materialized (
                select
                    coalesce(fresh.channel, stored.channel) as channel,
                    coalesce(fresh.contact_id, stored.contact_id) as contact_id,
                    fresh.contact_id is null as is_gone
                from fresh
                full join stored
                    on
                        fresh.channel = stored.channel
                        and fresh.contact_id = stored.contact_id
                where
                    (
                        {% for name in compared %}
                        fresh.{{ name }}{{ ',' if not loop.last }}
                        {% endfor %}
                    ) is distinct from (
                        {% for name in compared %}
                        stored.{{ name }}{{ ',' if not loop.last }}
                        {% endfor %}
                    )
            ),
            gone as (
                delete from {{ schema }}.contacts
                using changed
                where
                    changed.is_gone
                    and contacts.channel = changed.channel
                    and contacts.contact_id = changed.contact_id
            ),
            written as (
                insert into {{ schema }}.contacts
                select fresh.*
                from fresh
                inner join changed
                    on
                        fresh.channel = changed.channel
                        and fresh.contact_id = changed.contact_id
                on conflict (channel, contact_id) do update
                set
                    {% for name in columns if name not in ('channel', 'contact_id') %}
                    {{ name }} = excluded.{{ name }}{{ ',' if not loop.last }}
                    {% endfor %}
            ),
            moved as (
                select 1 as sign, fresh.*
                from fresh
                inner join changed
                    on
                        fresh.channel = changed.channel
                        and fresh.contact_id = changed.contact_id
                union all
                select -1 as sign, stored.*
                from stored
                inner join changed
                    on
                        stored.channel = changed.channel
                        and stored.contact_id = changed.contact_id
            ),
            differences as (
                select
                    channel,
                    coalesce(queue_name, '-') as queue_name,
                    date_trunc('minute', offered_at) as minute,
                    {% for name, part in live_parts().items() %}
                    sum(sign * {{ part }}) as {{ name }}{{ ',' if not loop.last }}
                    {% endfor %}
                from moved
                where is_counted
                group by channel, coalesce(queue_name, '-'), date_trunc('minute', offered_at)
            ),
            counted as (
                insert into {{ schema }}.minutes (
                    channel, queue_name, minute, {{ live_parts().keys() | join(', ') }}
                )
                select *
                from differences
                where
                    {% for name in live_parts() %}
                    {{ name }} != 0{{ ' or' if not loop.last }}
                    {% endfor %}
                on conflict (channel, queue_name, minute) do update
                set
                    {% for name in live_parts() %}
                    {{ name }} = minutes.{{ name }} + excluded.{{ name }},
                    {% endfor %}
                    changed_xid = excluded.changed_xid
            )
            select count(*) into changed_count from changed;
            total := total + changed_count;
        end loop;
        return total;
    end
    $live$;
{% endmacro %}


{# the same for the states of agents, of which there is nothing to count #}
{% macro live_agent_function_text() %}
    {% set schema = live_schema() %}
    {% set models = ['int_agent_states__judged', 'int_agent_states__cleaned'] %}
    create or replace function {{ schema }}.keep_workforce(touched text[])
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set jit = off
    set enable_seqscan = off
    set enable_nestloop = off
    set enable_mergejoin = off
    set plan_cache_mode = force_generic_plan
    as $live$
    #variable_conflict use_column
    declare
        bound timestamptz := (select kept_from from {{ schema }}.settings);
        wanted_keys text[];
        changed_count bigint;
        total bigint := 0;
    begin
        for place in 1 .. cardinality(touched) by {{ live_slice() }} loop
            wanted_keys := touched[place : place + {{ live_slice() }} - 1];
            with
            {% for name in models %}
            {{ name }} as (
            {{ live_model_text(name, 'workforce', 'state_id') }}
            ),
            {% endfor %}
            fresh as materialized (
                select
                    states.state_id,
                    states.agent_id,
                    states.agent_state,
                    coalesce(kinds.state_kind, 'unknown') as state_kind,
                    states.channel,
                    states.started_at,
                    states.ended_at
                from {{ models[-1] }} as states
                left join {{ kept_relation('seed_agent_states') }} as kinds
                    on states.agent_state = kinds.agent_state
                where states.started_at >= bound
            ),
            gone as (
                delete from {{ schema }}.agent_states
                where
                    state_id = any(wanted_keys)
                    and state_id not in (select state_id from fresh)
                returning state_id
            ),
            written as (
                insert into {{ schema }}.agent_states as states (
                    state_id, agent_id, agent_state, state_kind, channel, started_at,
                    ended_at
                )
                select * from fresh
                on conflict (state_id) do update
                set
                    agent_id = excluded.agent_id,
                    agent_state = excluded.agent_state,
                    state_kind = excluded.state_kind,
                    channel = excluded.channel,
                    started_at = excluded.started_at,
                    ended_at = excluded.ended_at,
                    changed_at = excluded.changed_at
                where
                    (
                        states.agent_id, states.agent_state, states.state_kind,
                        states.channel, states.started_at, states.ended_at
                    ) is distinct from (
                        excluded.agent_id, excluded.agent_state, excluded.state_kind,
                        excluded.channel, excluded.started_at, excluded.ended_at
                    )
                returning state_id
            )
            select (select count(*) from gone) + (select count(*) from written)
            into changed_count;
            total := total + changed_count;
        end loop;
        return total;
    end
    $live$;
{% endmacro %}
