{#
    Before a build: what identity keeps outside of every rebuild (decisions of people,
    adopted weights, the ids ever issued) and the two functions that loop. Nothing here is
    dropped by `--full-refresh`
#}
{% macro prepare_identity() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% set schema = operations_schema() %}
    {% set reads_letters = run_query("select lower('É张') = 'é张' and '张' ~ '\\w'") %}
    {% if not reads_letters.rows[0][0] %}
        {{ exceptions.raise_compiler_error(
            "the database has a character type (LC_CTYPE) that knows ASCII letters only, so"
            ~ " names cannot be compared; create it with C.UTF-8, ICU or another UTF-8 locale"
        ) }}
    {% endif %}
    {# what identity published; made here, so that its reader and it are never without #}
    {% set published = relation_of('int_records__resolved').include(database=false) %}
    {# raised whenever a text below changes #}
    {% set version = '1' %}
    {% set known = run_query(
        "select obj_description(to_regprocedure('" ~ schema
        ~ ".merge_unless_clash(uuid[], uuid[], boolean[], uuid[], integer[], integer[], integer[])'),"
        ~ " 'pg_proc') like '%(version " ~ version ~ ")' and to_regclass('" ~ published ~ "') is not null"
    ) %}
    {% if known.rows[0][0] %}{{ return('') }}{% endif %}
    {% do adapter.cache_added(relation_of('int_records__resolved', type='table')) %}
    create schema if not exists {{ schema }};
    -- where every reader's search path looks
    create extension if not exists fuzzystrmatch schema public;
    create extension if not exists pg_trgm schema public;
    create sequence if not exists {{ schema }}.customer_numbers;

    create table if not exists {{ schema }}.identity_decisions (
        decision_id bigint generated always as identity primary key,
        record_id_a text not null,
        record_id_b text not null,
        verdict text not null check (verdict in ('forced', 'forbidden')),
        decided_by text not null,
        reason text not null,
        decided_at timestamptz not null default now(),
        undone_by text,
        undone_reason text,
        undone_at timestamptz,
        landed_xid xid8 not null default pg_current_xact_id(),
        check (record_id_a < record_id_b)
    );
    create unique index if not exists identity_decisions_standing
    on {{ schema }}.identity_decisions (record_id_a, record_id_b) where undone_at is null;
    create index if not exists identity_decisions_landed
    on {{ schema }}.identity_decisions (landed_xid);
    comment on table {{ schema }}.identity_decisions is
        'One row per decision of a person that two records are one person (forced) or two '
        '(forbidden). A decision is undone, never deleted; builds obey those that stand.';

    create table if not exists {{ schema }}.identity_models (
        model_version integer not null,
        comparison text not null,
        level text not null,
        bits double precision not null,
        proposed_at timestamptz not null default now(),
        primary key (model_version, comparison, level)
    );
    comment on table {{ schema }}.identity_models is
        'One row per version of the matching model, comparison and level that was '
        'proposed by `frontdesk identity fit`: the bits it counts.';
    create table if not exists {{ schema }}.identity_adoptions (
        adoption_id bigint generated always as identity primary key,
        model_version integer not null,
        adopted_by text not null,
        reason text not null,
        moved_record_count bigint,
        adopted_at timestamptz not null default now()
    );
    comment on table {{ schema }}.identity_adoptions is
        'One row per adoption of a version of the matching model by a person; the last '
        'one is in force. Without one, the version of the seed is.';

    create table if not exists {{ schema }}.customer_events (
        event_id bigint generated always as identity primary key,
        customer_id text not null,
        event text not null check (
            event in ('created', 'merged_into', 'split_from', 'retired', 'restored')
        ),
        other_customer_id text,
        record_count bigint not null,
        run_id text not null,
        happened_at timestamptz not null,
        changed_xid xid8 not null default pg_current_xact_id()
    );
    create index if not exists customer_events_customer
    on {{ schema }}.customer_events (customer_id);
    create index if not exists customer_events_other
    on {{ schema }}.customer_events (other_customer_id);
    create index if not exists customer_events_changed
    on {{ schema }}.customer_events (changed_xid);
    comment on table {{ schema }}.customer_events is
        'One row per thing that happened to a customer id since the first publication. '
        'Written in the transaction that publishes; never changed.';

    create schema if not exists {{ published.schema }};
    create table if not exists {{ published }} (
        record_id text not null,
        customer_id text not null,
        former_customer_id text,
        source_name text not null,
        since_run text not null,
        changed_xid xid8 not null,
        since_at timestamptz not null
    );
    create unique index if not exists int_records__resolved_record
    on {{ published }} (record_id);
    create index if not exists int_records__resolved_customer
    on {{ published }} (customer_id);
    create index if not exists int_records__resolved_changed
    on {{ published }} (changed_xid);

    create or replace function {{ schema }}.connected_components(a uuid[], b uuid[])
    returns table (node uuid, component uuid) language plpgsql
    set work_mem = '256MB' as $components$
    declare
        pair record;
        one integer;
        two integer;
        root integer[];
    begin
        create temporary table component_nodes on commit drop as
        select id, (row_number() over (order by id))::integer as number
        from (select unnest(a) union select unnest(b)) as ends (id);
        analyze component_nodes;
        root := array(select number from component_nodes order by number);
        for pair in
            select left_node.number as x, right_node.number as y
            from unnest(a, b) as edges (x, y)
            inner join component_nodes as left_node on left_node.id = edges.x
            inner join component_nodes as right_node on right_node.id = edges.y
        loop
            one := pair.x;
            two := pair.y;
            while root[one] <> one loop
                root[one] := root[root[one]];
                one := root[one];
            end loop;
            while root[two] <> two loop
                root[two] := root[root[two]];
                two := root[two];
            end loop;
            -- the smallest node names the component, whatever the order of the edges
            if one < two then
                root[two] := one;
            elsif two < one then
                root[one] := two;
            end if;
        end loop;
        for number in 1..coalesce(array_length(root, 1), 0) loop
            root[number] := root[root[number]];
        end loop;
        return query
            select members.id, heads.id
            from unnest(root) with ordinality as rooted (head, number)
            inner join component_nodes as members on members.number = rooted.number
            inner join component_nodes as heads on heads.number = rooted.head;
        drop table component_nodes;
    end
    $components$;
    comment on function {{ schema }}.connected_components(uuid[], uuid[]) is
        'The connected components of the graph whose edges are the pairs of two arrays: '
        'one row per node, with the smallest node of its component.';

    create or replace function {{ schema }}.merge_unless_clash(
        a uuid[], b uuid[], forced boolean[],
        trait_node uuid[], trait integer[], clash_x integer[], clash_y integer[]
    )
    returns table (node uuid, cluster uuid) language plpgsql
    set work_mem = '256MB' as $merge$
    declare
        pair record;
        one integer;
        two integer;
        spare integer;
        root integer[];
        wary boolean[];
        is_clash boolean;
    begin
        create temporary table merge_nodes on commit drop as
        select id, (row_number() over (order by id))::integer as number
        from (select unnest(a) union select unnest(b)) as ends (id);
        analyze merge_nodes;
        create temporary table merge_clashes on commit drop as
        select unnest(clash_x || clash_y) as x, unnest(clash_y || clash_x) as y;
        create index on merge_clashes (x, y);
        analyze merge_clashes;
        create temporary table merge_traits on commit drop as
        select merge_nodes.number as holder, traits.trait
        from unnest(trait_node, trait) as traits (id, trait)
        inner join merge_nodes on merge_nodes.id = traits.id
        where traits.trait in (select x from merge_clashes);
        create index on merge_traits (holder);
        analyze merge_traits;
        root := array(select number from merge_nodes order by number);
        wary := array(
            select number in (select holder from merge_traits)
            from merge_nodes order by number
        );
        for pair in
            select left_node.number as x, right_node.number as y, edges.forced
            from unnest(a, b, forced) with ordinality as edges (x, y, forced, rank)
            inner join merge_nodes as left_node on left_node.id = edges.x
            inner join merge_nodes as right_node on right_node.id = edges.y
            order by edges.rank
        loop
            one := pair.x;
            two := pair.y;
            while root[one] <> one loop
                root[one] := root[root[one]];
                one := root[one];
            end loop;
            while root[two] <> two loop
                root[two] := root[root[two]];
                two := root[two];
            end loop;
            continue when one = two;
            if wary[one] and wary[two] and not pair.forced then
                is_clash := exists (
                    select 1
                    from merge_traits as mine
                    inner join merge_clashes on merge_clashes.x = mine.trait
                    inner join merge_traits as theirs
                        on theirs.trait = merge_clashes.y and theirs.holder = two
                    where mine.holder = one
                );
                continue when is_clash;
            end if;
            if two < one then
                spare := one;
                one := two;
                two := spare;
            end if;
            root[two] := one;
            if wary[two] then
                update merge_traits set holder = one where holder = two;
                wary[one] := true;
            end if;
        end loop;
        for number in 1..coalesce(array_length(root, 1), 0) loop
            root[number] := root[root[number]];
        end loop;
        return query
            select members.id, heads.id
            from unnest(root) with ordinality as rooted (head, number)
            inner join merge_nodes as members on members.number = rooted.number
            inner join merge_nodes as heads on heads.number = rooted.head;
        drop table merge_nodes, merge_clashes, merge_traits;
    end
    $merge$;
    comment on function {{ schema }}.merge_unless_clash(
        uuid[], uuid[], boolean[], uuid[], integer[], integer[], integer[]
    ) is
        'Merges the pairs of two arrays in their order, the strongest first. A merge is '
        'refused when a trait of one side clashes with one of the other, unless it is '
        'forced. One row per node, with the smallest node of its cluster. (version {{ version }})';
{% endmacro %}
