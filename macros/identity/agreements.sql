{#
    The texts of the two functions that `frontdesk identity fit` learns from: how pairs
    agree that a shared identifier brought together, and how pairs agree by chance
#}
{% macro agreement_patterns_text() %}
    with

    compared as (

        select * from {{ kept_relation('int_pairs__compared') }}
        where shared is not null and verdict is null and atom_a_id <> atom_b_id

    ),

    weights as (

        select * from {{ kept_relation('int_identity_weights__cleaned') }}

    ),

    details as (

        select * from {{ kept_relation('int_bare_pairs__compared') }}

    ),

    households as (

        select * from {{ kept_relation('int_households__counted') }}

    ),

    scored as (

        {{ scored_pairs('compared', 'compared', 'details', 'weights', 'households') }}

    )

    select
        jsonb_strip_nulls(
            jsonb_build_object(
                'name', compared.name_level,
                'email_name', compared.email_name_level,
                'birth', compared.birth_level,
                'gender', compared.gender_level,
                'address', compared.address_level,
                'city', compared.city_level,
                'postcode', compared.postcode_level
            )
        ) as levels,
        round(scored.bits::numeric * 2) / 2 as bits,
        count(*) as pair_count
    from compared
    inner join scored
        on compared.pair_id = scored.pair_id
    group by 1, 2
{% endmacro %}


{% macro agreements_at_random_text() %}
    with

    persons as materialized (

        -- one atom per customer, so that two of them are two persons
        select distinct on (clustered.cluster_id)
            described.*
        from {{ kept_relation('int_atoms__clustered') }} as clustered
        inner join {{ kept_relation('int_atoms__unioned') }} as described
            on clustered.atom_id = described.atom_id
        order by clustered.cluster_id asc, clustered.atom_id asc

    ),

    sampled as materialized (

        -- an atom's id is a hash: its order is chance, and the same at each call
        select * from persons
        order by atom_id
        limit $1

    ),

    named as materialized (

        select
            sampled.atom_id,
            names.*
        from sampled
        inner join {{ kept_relation('int_names__extracted') }} as names
            on names.person_name = sampled.person_names[1]

    ),

    mailing as materialized (

        select
            sampled.atom_id,
            names.*
        from sampled
        inner join {{ kept_relation('int_names__extracted') }} as names
            on names.person_name = sampled.email_names[1]

    ),

    levels as (

        select
            'name' as comparison,
            {{ name_level('left_names', 'right_names') }} as level
        from named as left_names
        inner join named as right_names
            on left_names.atom_id < right_names.atom_id
        union all
        select
            'email_name' as comparison,
            case
                when compared.level in ('equal', 'near', 'fits') then 'fits'
                when compared.level in ('different', 'unfit') then 'unfit'
            end as level
        from (
            select {{ name_level('left_names', 'right_names') }} as level
            from mailing as left_names
            inner join named as right_names
                on left_names.atom_id <> right_names.atom_id
            offset 0
        ) as compared
        union all
        select
            'birth' as comparison,
            {{ birth_level('ones.birth_dates[1]', 'others.birth_dates[1]') }} as level
        from sampled as ones
        inner join sampled as others
            on ones.atom_id < others.atom_id
        where ones.birth_dates is not null and others.birth_dates is not null
        union all
        select
            'address' as comparison,
            {{ address_level('ones.address_keys[1]', 'others.address_keys[1]') }} as level
        from sampled as ones
        inner join sampled as others
            on ones.atom_id < others.atom_id
        where ones.address_keys is not null and others.address_keys is not null

    ),

    sampled_levels as (

        select
            levels.comparison,
            levels.level,
            count(*) as pair_count
        from levels
        where levels.level is not null
        group by levels.comparison, levels.level

    ),

    -- two have one value as often as its share squared: counted over all, not sampled
    shares as (

        select
            said.comparison,
            said.said_value,
            count(*) as person_count
        from persons
        cross join lateral (
            values
            ('birth', persons.birth_dates[1]::text),
            ('gender', persons.genders[1]),
            ('address', persons.address_keys[1]),
            ('city', persons.cities[1]),
            ('postcode', persons.postcodes[1])
        ) as said (comparison, said_value)
        where said.said_value is not null
        group by said.comparison, said.said_value

    ),

    equal_levels as (

        select
            shares.comparison,
            sum(shares.person_count * (shares.person_count - 1) / 2) as equal_count,
            sum(shares.person_count) * (sum(shares.person_count) - 1) / 2 as known_count
        from shares
        group by shares.comparison

    )

    select
        sampled_levels.comparison,
        sampled_levels.level,
        sampled_levels.pair_count,
        (sum(sampled_levels.pair_count) over (partition by sampled_levels.comparison))::bigint
            as known_count
    from sampled_levels
    where (sampled_levels.comparison, sampled_levels.level) not in (
        ('birth', 'equal'), ('address', 'equal')
    )
    union all
    select
        equal_levels.comparison,
        'equal' as level,
        equal_levels.equal_count::bigint as pair_count,
        equal_levels.known_count::bigint as known_count
    from equal_levels
    union all
    select
        equal_levels.comparison,
        'different' as level,
        (equal_levels.known_count - equal_levels.equal_count)::bigint as pair_count,
        equal_levels.known_count::bigint as known_count
    from equal_levels
    where equal_levels.comparison in ('gender', 'city', 'postcode')
{% endmacro %}
