{#
    Before a build: the functions that explain identity, in identity's own schema, so that
    whoever may read its tables may ask. They run with the rights of who calls them; their
    texts are bound when they are called, and so outlive every rebuild of what they read
#}
{% macro prepare_explanations() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% set schema = relation_of('int_records__resolved').schema %}
    {% set edge = 'rule text, state text, bits double precision, reason text, evidence jsonb,'
        ~ ' model_version integer' %}
    {% set functions = [
        {
            'name': 'records_of',
            'takes': 'what text',
            'gives': 'record_id text',
            'rows': 100,
            'text': records_of_text(),
            'says': 'The records meant by a record id, a customer id (a former one, too) '
                ~ 'or the value of an identifier, whichever is found first.',
        },
        {
            'name': 'carried_by',
            'takes': 'what text',
            'gives': 'kind text, carried_value text, record_count bigint, unusable_reason text',
            'rows': 20,
            'text': carried_by_text(schema),
            'says': 'What the customers of a record id, customer id or identifier carry: '
                ~ 'identifiers, names and birth dates, in how many records, and why a '
                ~ 'value joins nobody.',
        },
        {
            'name': 'why',
            'takes': 'one text, other text',
            'gives': 'step bigint, from_record_id text, to_record_id text, ' ~ edge,
            'rows': 8,
            'text': why_text(schema),
            'says': 'Why two are one customer: the path of active edges between two '
                ~ 'records, customers or identifiers, the shortest and then the '
                ~ 'strongest, of at most 8 steps. No rows: there is no such path, or '
                ~ 'both name the same record.',
        },
        {
            'name': 'why_not',
            'takes': 'one text, other text',
            'gives': 'customer_id_a text, customer_id_b text, record_id_a text,'
                ~ ' record_id_b text, ' ~ edge,
            'rows': 20,
            'text': why_not_text(schema),
            'says': 'Why two are not one customer: the edges between the customers of two '
                ~ 'records, customers or identifiers that were refused, forbidden or wait '
                ~ 'for review; pairs that were compared and say too little (unlikely); '
                ~ 'values in common that join nobody (unused). No rows: no pair of their '
                ~ 'records was ever compared, or they are one customer.',
        },
        {
            'name': 'agreement_patterns',
            'takes': '',
            'gives': 'levels jsonb, bits double precision, pair_count bigint',
            'rows': 1000,
            'text': agreement_patterns_text(),
            'says': 'How the pairs that share an identifier agree otherwise, counted per '
                ~ 'pattern of levels, with their bits by the adopted model to the half.',
        },
        {
            'name': 'agreements_at_random',
            'takes': 'person_count integer',
            'gives': 'comparison text, level text, pair_count bigint, known_count bigint',
            'rows': 20,
            'text': agreements_at_random_text(),
            'says': 'How often two persons agree by chance, from all pairs of a sample of '
                ~ 'customers; known_count are the pairs of which it can be said.',
        },
    ] %}
    {{ keep_functions(schema, functions) }}
{% endmacro %}


{# creates the functions whose text is not the one that the database has #}
{% macro keep_functions(schema, functions) %}
    {% set known = {} %}
    {% set found = run_query(
        "select proname, prosrc from pg_proc where pronamespace = to_regnamespace('"
        ~ schema ~ "')"
    ) %}
    {% for row in found.rows %}{% do known.update({row[0]: row[1]}) %}{% endfor %}
    {% set contrib = run_query(
        "select extnamespace::regnamespace::text from pg_extension"
        ~ " where extname = 'fuzzystrmatch'"
    ).rows[0][0] %}
    {% for function in functions if known.get(function['name']) != function['text'] %}
        create schema if not exists {{ schema }};
        -- the tables come later in the first build
        set check_function_bodies = off;
        drop function if exists {{ schema }}.{{ function['name'] }};
        create function {{ schema }}.{{ function['name'] }}({{ function['takes'] }})
        returns table ({{ function['gives'] }})
        language sql stable parallel safe rows {{ function['rows'] }}
        set search_path = pg_catalog, {{ contrib }}, pg_temp
        set jit = off
        as $kept${{ function['text'] }}$kept$;
        reset check_function_bodies;
        comment on function {{ schema }}.{{ function['name'] }} is
            '{{ function['says'] }}';
    {% endfor %}
{% endmacro %}


{# where a model stands, for a text that is kept in the database #}
{% macro kept_relation(model_name) -%}
    {{ relation_of(model_name).include(database=false) }}
{%- endmacro %}


{% macro records_of_text() %}
    with

    named as (

        select resolved.record_id
        from {{ kept_relation('int_records__resolved') }} as resolved
        where resolved.record_id = $1

    ),

    owned as (

        select resolved.record_id
        from {{ kept_relation('int_records__resolved') }} as resolved
        where
            not exists (select 1 from named)
            and resolved.customer_id = coalesce(
                (
                    select aliases.current_customer_id
                    from {{ kept_relation('int_customer_aliases') }} as aliases
                    where aliases.customer_id = $1
                ),
                $1
            )

    ),

    carrying as (

        -- by value, which is how profiles and atoms are found
        select records.record_id
        from (
            select {{ identifier_id('policies.identifier_type', '$1') }} as identifier_id
            from {{ kept_relation('seed_identifier_policies') }} as policies
        ) as wanted
        cross join lateral (
            select accounts.profile_id
            from {{ kept_relation('int_accounts__extracted') }} as accounts
            where accounts.identifier_id = wanted.identifier_id
            union all
            select profiles.profile_id
            from {{ kept_relation('int_atom_identifiers__extracted') }} as carried
            inner join {{ kept_relation('int_profiles__clustered') }} as profiles
                on carried.atom_id = profiles.atom_id
            where carried.identifier_id = wanted.identifier_id
        ) as carriers
        inner join {{ kept_relation('int_records__extracted') }} as records
            on carriers.profile_id = records.profile_id
        -- an atom's other profiles may not carry it
        inner join {{ kept_relation('int_identifiers__extracted') }} as identifiers
            on
                records.record_id = identifiers.record_id
                and identifiers.identifier_value = $1

    ),

    spelt as (

        -- in the spelling of a source, or in a record that matching does not look up
        select identifiers.record_id
        from {{ kept_relation('int_identifiers__extracted') }} as identifiers
        where
            $1 in (identifiers.identifier_value, identifiers.raw_value)
            and not exists (select 1 from named)
            and not exists (select 1 from owned)
            and not exists (select 1 from carrying)

    )

    select record_id from named
    union
    select record_id from owned
    union
    select record_id from carrying
    union
    select record_id from spelt
{% endmacro %}


{% macro carried_by_text(schema) %}
    with

    members as materialized (

        select resolved.record_id
        from {{ kept_relation('int_records__resolved') }} as resolved
        where
            resolved.customer_id in (
                select mine.customer_id
                from {{ schema }}.records_of($1) as meant
                inner join {{ kept_relation('int_records__resolved') }} as mine
                    on meant.record_id = mine.record_id
            )

    ),

    carried as (

        select
            identifiers.record_id,
            identifiers.identifier_type as kind,
            identifiers.identifier_value as carried_value,
            identifiers.identifier_id
        from members
        inner join {{ kept_relation('int_identifiers__extracted') }} as identifiers
            on members.record_id = identifiers.record_id
        union all
        select
            records.record_id,
            said.kind,
            said.carried_value,
            null as identifier_id
        from members
        inner join {{ kept_relation('int_records__unioned') }} as records
            on members.record_id = records.record_id
        cross join lateral (
            values
            ('name', records.person_name),
            ('birth_date', records.birth_date::text),
            ('gender', records.gender),
            ('address', records.address)
        ) as said (kind, carried_value)
        where said.carried_value is not null

    )

    select
        carried.kind,
        carried.carried_value,
        count(distinct carried.record_id) as record_count,
        max(counted.unusable_reason) as unusable_reason
    from carried
    left join {{ kept_relation('int_identifiers__counted') }} as counted
        on carried.identifier_id = counted.identifier_id
    group by carried.kind, carried.carried_value
    order by record_count desc, carried.kind, carried.carried_value
{% endmacro %}


{% macro why_text(schema) %}
    with recursive

    targets as materialized (

        select meant.record_id
        from {{ schema }}.records_of($2) as meant

    ),

    -- each step keeps, per record reached, the best way to it; the walk ends at the
    -- first step that reaches a target
    walk as (

        select
            meant.record_id,
            0 as steps,
            'infinity'::float8 as weakest,
            0::float8 as total,
            array[meant.record_id] as visited,
            array[]::text[] as rules,
            bool_or(meant.record_id in (select targets.record_id from targets)) over ()
                as has_arrived
        from {{ schema }}.records_of($1) as meant
        union all
        select stepped.*
        from (
            select distinct on (near_by.record_id)
                near_by.record_id,
                walk.steps + 1 as steps,
                -- what a person forced is as strong as can be
                least(walk.weakest, near_by.bits) as weakest,
                walk.total + near_by.bits as total,
                walk.visited || near_by.record_id as visited,
                walk.rules || near_by.rule as rules,
                bool_or(near_by.record_id in (select targets.record_id from targets)) over ()
                    as has_arrived
            from walk
            cross join lateral (
                select
                    edges.rule,
                    edges.record_id_b as record_id,
                    coalesce(edges.bits, 1000) as bits
                from {{ kept_relation('int_identity_edges') }} as edges
                where
                    edges.record_id_a = walk.record_id
                    and edges.state in ('linked', 'forced')
                union all
                select
                    edges.rule,
                    edges.record_id_a as record_id,
                    coalesce(edges.bits, 1000) as bits
                from {{ kept_relation('int_identity_edges') }} as edges
                where
                    edges.record_id_b = walk.record_id
                    and edges.state in ('linked', 'forced')
                -- keeps the planner to one look-up per record
                offset 0
            ) as near_by
            where walk.steps < 8 and not walk.has_arrived
            order by
                near_by.record_id asc,
                least(walk.weakest, near_by.bits) desc,
                walk.total + near_by.bits desc,
                near_by.rule asc
        ) as stepped

    ),

    best as (

        select
            walk.visited,
            walk.rules
        from walk
        inner join targets
            on walk.record_id = targets.record_id
        order by walk.steps asc, walk.weakest desc, walk.total desc, walk.record_id asc
        limit 1

    )

    select
        steps.step,
        best.visited[steps.step] as from_record_id,
        best.visited[steps.step + 1] as to_record_id,
        edges.rule,
        edges.state,
        edges.bits,
        edges.reason,
        edges.evidence,
        edges.model_version
    from best
    cross join unnest(best.rules) with ordinality as steps (rule, step)
    inner join {{ kept_relation('int_identity_edges') }} as edges
        on
            edges.record_id_a
            = least(best.visited[steps.step], best.visited[steps.step + 1])
            and edges.record_id_b
            = greatest(best.visited[steps.step], best.visited[steps.step + 1])
            and steps.rule = edges.rule
    order by steps.step
{% endmacro %}


{% macro why_not_text(schema) %}
    with

    sides as materialized (

        -- two customers, each once; what is one customer already has no why-not
        select
            resolved.customer_id,
            bool_or(meant.is_one) as is_one,
            bool_or(not meant.is_one) as is_other
        from (
            select
                ones.record_id,
                true as is_one
            from {{ schema }}.records_of($1) as ones
            union all
            select
                others.record_id,
                false as is_one
            from {{ schema }}.records_of($2) as others
        ) as meant
        inner join {{ kept_relation('int_records__resolved') }} as resolved
            on meant.record_id = resolved.record_id
        group by resolved.customer_id

    ),

    ones as materialized (

        select
            resolved.record_id,
            resolved.customer_id
        from sides
        inner join {{ kept_relation('int_records__resolved') }} as resolved
            on sides.customer_id = resolved.customer_id
        where sides.is_one

    ),

    others as materialized (

        select
            resolved.record_id,
            resolved.customer_id
        from sides
        inner join {{ kept_relation('int_records__resolved') }} as resolved
            on sides.customer_id = resolved.customer_id
        where sides.is_other

    ),

    kept as (

        select
            ones.customer_id as customer_id_a,
            others.customer_id as customer_id_b,
            ones.record_id as record_id_a,
            others.record_id as record_id_b,
            near_by.rule,
            near_by.state,
            near_by.bits,
            near_by.reason,
            near_by.evidence,
            near_by.model_version
        from ones
        cross join lateral (
            select
                edges.*,
                edges.record_id_b as met_record_id
            from {{ kept_relation('int_identity_edges') }} as edges
            where edges.record_id_a = ones.record_id
            union all
            select
                edges.*,
                edges.record_id_a as met_record_id
            from {{ kept_relation('int_identity_edges') }} as edges
            where edges.record_id_b = ones.record_id
            offset 0
        ) as near_by
        inner join others
            on near_by.met_record_id = others.record_id
        where
            near_by.state in ('refused', 'review', 'forbidden')
            and ones.customer_id <> others.customer_id

    ),

    one_atoms as materialized (

        select
            profiles.atom_id,
            min(ones.customer_id) as customer_id,
            min(ones.record_id) as record_id
        from ones
        inner join {{ kept_relation('int_records__extracted') }} as extracted
            on ones.record_id = extracted.record_id
        inner join {{ kept_relation('int_profiles__clustered') }} as profiles
            on extracted.profile_id = profiles.profile_id
        group by profiles.atom_id

    ),

    other_atoms as materialized (

        select
            profiles.atom_id,
            min(others.customer_id) as customer_id,
            min(others.record_id) as record_id
        from others
        inner join {{ kept_relation('int_records__extracted') }} as extracted
            on others.record_id = extracted.record_id
        inner join {{ kept_relation('int_profiles__clustered') }} as profiles
            on extracted.profile_id = profiles.profile_id
        group by profiles.atom_id

    ),

    -- pairs that say too little are not kept as edges; they are scored here once more
    faint as materialized (

        select
            near_by.*,
            one_atoms.customer_id as customer_id_a,
            other_atoms.customer_id as customer_id_b,
            one_atoms.record_id as record_id_a,
            other_atoms.record_id as record_id_b
        from one_atoms
        cross join lateral (
            select
                compared.*,
                compared.atom_b_id as met_atom_id
            from {{ kept_relation('int_pairs__compared') }} as compared
            where compared.atom_a_id = one_atoms.atom_id
            union all
            select
                compared.*,
                compared.atom_a_id as met_atom_id
            from {{ kept_relation('int_pairs__compared') }} as compared
            where
                compared.atom_b_id = one_atoms.atom_id
                -- records that say the same are compared with themselves
                and compared.atom_a_id <> one_atoms.atom_id
            offset 0
        ) as near_by
        inner join other_atoms
            on near_by.met_atom_id = other_atoms.atom_id
        where
            one_atoms.customer_id <> other_atoms.customer_id
            and not exists (
                select 1
                from {{ kept_relation('int_pairs__scored') }} as scored
                where
                    scored.atom_a_id = near_by.atom_a_id
                    and scored.atom_b_id = near_by.atom_b_id
            )

    ),

    weights as (

        select * from {{ kept_relation('int_identity_weights__cleaned') }}

    ),

    details as (

        select * from {{ kept_relation('int_bare_pairs__compared') }}
        where atom_a_id in (select faint.atom_a_id from faint)

    ),

    households as (

        select * from {{ kept_relation('int_households__counted') }}

    ),

    rescored as (

        {{ scored_pairs('faint', 'faint', 'details', 'weights', 'households') }}

    ),

    unlikely as (

        select
            faint.customer_id_a,
            faint.customer_id_b,
            faint.record_id_a,
            faint.record_id_b,
            'scored' as rule,
            'unlikely' as state,
            rescored.bits,
            coalesce(
                'clash: ' || rescored.clash, 'what they have in common says too little'
            ) as reason,
            jsonb_strip_nulls(
                to_jsonb(faint)
                - '{pair_id,atom_a_id,atom_b_id,met_atom_id,decision_id,verdict,shared,'
                  'are_bare,has_common_word,changed_xid,customer_id_a,customer_id_b,'
                  'record_id_a,record_id_b}'::text[]
                || jsonb_build_object(
                    'bits_without_clash',
                    case when rescored.clash is not null then rescored.evidence_bits end
                )
            ) as evidence,
            rescored.model_version
        from faint
        inner join rescored
            on faint.pair_id = rescored.pair_id

    ),

    unused as (

        select
            ones.customer_id as customer_id_a,
            others.customer_id as customer_id_b,
            min(ones.record_id) as record_id_a,
            min(others.record_id) as record_id_b,
            mine.identifier_type as rule,
            'unused' as state,
            null::float8 as bits,
            case counted.unusable_reason
                when 'blocked' then 'a placeholder or test value joins nobody'
                when 'too_many_owners' then 'the names on it are too many for one person'
                else 'too many records carry it'
            end as reason,
            jsonb_build_object(
                mine.identifier_type, mine.identifier_value, 'names', counted.owner_count
            ) as evidence,
            null::integer as model_version
        from ones
        inner join {{ kept_relation('int_identifiers__extracted') }} as mine
            on ones.record_id = mine.record_id
        inner join {{ kept_relation('int_identifiers__counted') }} as counted
            on
                mine.identifier_id = counted.identifier_id
                and counted.unusable_reason is not null
        inner join others
            on ones.customer_id <> others.customer_id
        inner join {{ kept_relation('int_identifiers__extracted') }} as theirs
            on
                others.record_id = theirs.record_id
                and mine.identifier_id = theirs.identifier_id
        group by
            ones.customer_id,
            others.customer_id,
            mine.identifier_type,
            mine.identifier_value,
            counted.unusable_reason,
            counted.owner_count

    ),

    listed as (

        select * from kept
        union all
        select * from unlikely
        union all
        select * from unused

    )

    select *
    from listed
    order by
        array_position(
            array['forbidden', 'refused', 'review', 'unlikely', 'unused'], listed.state
        ) asc,
        coalesce((listed.evidence ->> 'bits_without_clash')::float8, listed.bits) desc
        nulls last,
        listed.record_id_a asc,
        listed.record_id_b asc,
        listed.rule asc
{% endmacro %}
