{{ config(
    unique_key=['atom_a_id', 'atom_b_id'],
    indexes=[
        {'columns': ['atom_a_id', 'atom_b_id'], 'unique': true},
        {'columns': ['atom_b_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_atoms__unioned', 'key': 'atom_id'},
            {'parent': 'int_atom_identifiers__extracted', 'key': 'atom_id'},
            {
                'parent': 'int_identifiers__counted',
                'key': 'identifier_id',
                'where': 'crowd is null',
                'stamp': 'told_xid',
                'via': {
                    'model': 'int_atom_identifiers__extracted',
                    'column': 'identifier_id',
                    'key': 'atom_id',
                    'type': 'uuid',
                },
            },
            {'parent': 'int_hubs__extracted', 'key': 'atom_id'},
        ],
        'touched_key': ['atom_a_id', 'atom_b_id'],
        'touched_type': 'uuid',
    }
) }}

-- whose pairs change as it becomes a hub, or is none any more
-- depends_on: {{ ref('int_hubs__extracted') }}

with

mine as (

    select * from {{ ref('int_atom_identifiers__extracted') }}
    {{ only_touched('atom_id') }}

),

others as (

    select * from {{ ref('int_atom_identifiers__extracted') }}

),

identifiers as (

    select * from {{ ref('int_identifiers__counted') }}

),

-- imported twice: read twice, an import would be written down whole
left_atoms as (

    select * from {{ ref('int_atoms__unioned') }}

),

right_atoms as (

    select * from {{ ref('int_atoms__unioned') }}

),

left_profiles as (

    select * from {{ ref('int_profiles__clustered') }}

),

right_profiles as (

    select * from {{ ref('int_profiles__clustered') }}

),

left_records as (

    select * from {{ ref('int_records__extracted') }}

),

right_records as (

    select * from {{ ref('int_records__extracted') }}

),

names as not materialized (

    select * from {{ ref('int_names__extracted') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__cleaned') }}

),

usable as (

    select
        mine.atom_id,
        mine.record_class,
        -- not mine's: others are looked for once it is known to be usable, as thousands
        -- may hold what is not
        identifiers.identifier_id,
        mine.identifier_value,
        identifiers.identifier_type,
        identifiers.contest_count,
        identifiers.is_weak,
        identifiers.login_count,
        identifiers.is_evidence,
        identifiers.hub_atom_ids
    from mine
    {{ looked_up('identifiers', 'mine.identifier_id = identifiers.identifier_id') }}
    where identifiers.unusable_reason is null

),

met as (

    -- two atoms meet over a value, each pair once; an atom of many alike records meets
    -- itself, which tells whether what they share is enough to be one person
    select
        least(usable.atom_id, others.atom_id) as atom_a_id,
        greatest(usable.atom_id, others.atom_id) as atom_b_id,
        usable.identifier_type,
        usable.identifier_value,
        usable.contest_count,
        usable.is_weak,
        usable.login_count,
        usable.is_evidence
    from usable
    {{ looked_up('others', 'usable.identifier_id = others.identifier_id') }}
    where
        (
            usable.atom_id <> others.atom_id
            and (
                usable.hub_atom_ids is null
                or usable.atom_id = any(usable.hub_atom_ids)
                or others.atom_id = any(usable.hub_atom_ids)
            )
            and (
                usable.atom_id < others.atom_id
                {% if this and is_incremental() %}
                    or others.atom_id not in (
                        select touched.touched_key
                        from {{ touched_table() }} as touched
                    )
                {% endif %}
            )
        )
        or (
            usable.atom_id = others.atom_id
            and usable.record_class > 0
        )

),

candidates as (

    select
        atom_a_id,
        atom_b_id,
        array_agg(
            identifier_type || case when is_weak then ' weak' else '' end
            || case when login_count > 1 then ' logins ' || login_count else '' end
            || case when contest_count > 0 then '/' || contest_count else '' end
            order by identifier_type, is_weak, login_count, contest_count
        ) filter (where is_evidence) as shared,
        array_agg(
            identifier_type || ' ' || identifier_value
            order by identifier_type, identifier_value
        ) filter (where is_evidence) as shared_values
    from met
    group by atom_a_id, atom_b_id

),

decided as (

    select distinct on (atom_a_id, atom_b_id)
        least(left_profiles.atom_id, right_profiles.atom_id) as atom_a_id,
        greatest(left_profiles.atom_id, right_profiles.atom_id) as atom_b_id,
        decisions.verdict,
        decisions.decision_id
    from decisions
    inner join left_records
        on decisions.record_id_a = left_records.record_id
    inner join left_profiles
        on left_records.profile_id = left_profiles.profile_id
    inner join right_records
        on decisions.record_id_b = right_records.record_id
    inner join right_profiles
        on right_records.profile_id = right_profiles.profile_id
    where decisions.is_standing and left_profiles.atom_id <> right_profiles.atom_id
    order by
        atom_a_id asc,
        atom_b_id asc,
        decisions.verdict asc,
        decisions.decision_id desc

),

pairs as (

    select
        candidates.atom_a_id,
        candidates.atom_b_id,
        candidates.shared,
        candidates.shared_values,
        decided.verdict,
        decided.decision_id
    from candidates
    left join decided
        on
            candidates.atom_a_id = decided.atom_a_id
            and candidates.atom_b_id = decided.atom_b_id
    union all
    select
        decided.atom_a_id,
        decided.atom_b_id,
        null as shared,
        null as shared_values,
        decided.verdict,
        decided.decision_id
    from decided
    left join candidates
        on
            decided.atom_a_id = candidates.atom_a_id
            and decided.atom_b_id = candidates.atom_b_id
    where
        candidates.atom_a_id is null
        {% if this and is_incremental() %}
            and (
                decided.atom_a_id in (
                    select touched.touched_key from {{ touched_table() }} as touched
                )
                or decided.atom_b_id in (
                    select touched.touched_key from {{ touched_table() }} as touched
                )
            )
        {% endif %}

),

sides as materialized (

    select
        pairs.*,
        -- who came later goes first: a new pair wakes the new one of the two
        (left_atoms.first_seen_at, left_atoms.first_record_id)
        < (right_atoms.first_seen_at, right_atoms.first_record_id) as is_left_elder,
        md5(pairs.atom_a_id::text || pairs.atom_b_id::text)::uuid as pair_id,
        left_atoms.person_names as left_names,
        right_atoms.person_names as right_names,
        -- an address speaks for its owner where no full name does, and not when both
        -- have it
        case
            when
                left_atoms.full_names is null
                and (left_atoms.emails && right_atoms.emails) is not true
                then left_atoms.email_names
        end as left_email_names,
        case
            when
                right_atoms.full_names is null
                and (left_atoms.emails && right_atoms.emails) is not true
                then right_atoms.email_names
        end as right_email_names,
        left_atoms.birth_dates as left_births,
        right_atoms.birth_dates as right_births,
        left_atoms.address_keys as left_addresses,
        right_atoms.address_keys as right_addresses,
        left_atoms.phones as left_phones,
        right_atoms.phones as right_phones,
        left_atoms.emails as left_emails,
        right_atoms.emails as right_emails,
        pairs.atom_a_id <> pairs.atom_b_id
        and left_atoms.is_bare
        and right_atoms.is_bare as are_bare,
        case
            when left_atoms.genders && right_atoms.genders then 'equal'
            when left_atoms.genders is not null and right_atoms.genders is not null
                then 'different'
        end as gender_level,
        case
            when left_atoms.cities && right_atoms.cities then 'equal'
            when left_atoms.cities is not null and right_atoms.cities is not null
                then 'different'
        end as city_level,
        case
            when left_atoms.postcodes && right_atoms.postcodes then 'equal'
            when left_atoms.postcodes is not null and right_atoms.postcodes is not null
                then 'different'
        end as postcode_level,
        case
            when
                pairs.atom_a_id <> pairs.atom_b_id
                and left_atoms.unionids is not null
                and right_atoms.unionids is not null
                and not left_atoms.unionids && right_atoms.unionids
                then 'different'
        end as unionid_level,
        case
            when
                pairs.atom_a_id <> pairs.atom_b_id
                and left_atoms.account_ids is not null
                and right_atoms.account_ids is not null
                and not left_atoms.account_ids && right_atoms.account_ids
                then 'different'
        end as account_level,
        case
            when
                exists (
                    select 1
                    from unnest(left_atoms.openids) as mine_openid
                    inner join unnest(right_atoms.openids) as other_openid
                        on
                            split_part(mine_openid, '/', 1)
                            = split_part(other_openid, '/', 1)
                            and mine_openid <> other_openid
                )
                then 'different'
        end as openid_level
    from pairs
    {{ looked_up('left_atoms', 'pairs.atom_a_id = left_atoms.atom_id') }}
    {{ looked_up('right_atoms', 'pairs.atom_b_id = right_atoms.atom_id') }}

),

name_texts as materialized (

    select
        sides.pair_id,
        left_texts.left_text,
        right_texts.right_text,
        sides.are_bare,
        false as is_of_email
    from sides
    cross join unnest(sides.left_names) as left_texts (left_text)
    cross join unnest(sides.right_names) as right_texts (right_text)
    union all
    select
        sides.pair_id,
        left_texts.left_text,
        right_texts.right_text,
        false as are_bare,
        true as is_of_email
    from sides
    cross join unnest(sides.left_email_names) as left_texts (left_text)
    cross join
        unnest(coalesce(sides.right_names, sides.right_email_names))
            as right_texts (right_text)
    union all
    select
        sides.pair_id,
        left_texts.left_text,
        right_texts.right_text,
        false as are_bare,
        true as is_of_email
    from sides
    cross join unnest(sides.left_names) as left_texts (left_text)
    cross join unnest(sides.right_email_names) as right_texts (right_text)

),

distinct_texts as (

    select
        left_text,
        right_text,
        bool_or(are_bare) as are_bare
    from name_texts
    group by left_text, right_text

),

met_names as {{ written_down() }} (

    {{ looked_up_once(
        'names', 'person_name', 'distinct_texts', ['left_text', 'right_text']
    ) }}

),

name_levels as materialized (

    -- the same two names meet again and again, and are compared once
    select
        distinct_texts.left_text,
        distinct_texts.right_text,
        left_names.name_bits,
        {{ name_level('left_names', 'right_names') }} as level,
        -- one name of two is another's: asked of bare records only
        distinct_texts.are_bare
        and {{ has_word_in_common('left_names', 'right_names') }} as has_common_word
    from distinct_texts
    inner join met_names as left_names
        on distinct_texts.left_text = left_names.person_name
    inner join met_names as right_names
        on distinct_texts.right_text = right_names.person_name

),

named as (

    -- one name that cannot be the other's is enough to tell two persons apart
    select
        name_texts.pair_id,
        case
            when
                bool_or(name_levels.level = 'different')
                filter (where not name_texts.is_of_email)
                then 'different'
            when
                bool_or(name_levels.level = 'equal')
                filter (where not name_texts.is_of_email)
                then 'equal'
            when
                bool_or(name_levels.level = 'near')
                filter (where not name_texts.is_of_email)
                then 'near'
            when
                bool_or(name_levels.level = 'unfit')
                filter (where not name_texts.is_of_email)
                then 'unfit'
            when
                bool_or(name_levels.level = 'fits')
                filter (where not name_texts.is_of_email)
                then 'fits'
        end as name_level,
        case
            when
                bool_or(name_levels.level in ('equal', 'near', 'fits'))
                filter (where name_texts.is_of_email)
                then 'fits'
            when
                bool_or(name_levels.level in ('different', 'unfit'))
                filter (where name_texts.is_of_email)
                then 'unfit'
        end as email_name_level,
        max(name_levels.name_bits)
        filter (where name_levels.level = 'equal' and not name_texts.is_of_email)
            as name_bits,
        bool_or(name_levels.has_common_word) as has_common_word
    from name_texts
    inner join name_levels
        on
            name_texts.left_text = name_levels.left_text
            and name_texts.right_text = name_levels.right_text
    group by name_texts.pair_id

),

final as (

    select

        -- ids
        sides.pair_id,
        case when sides.is_left_elder then sides.atom_b_id else sides.atom_a_id end
            as atom_a_id,
        case when sides.is_left_elder then sides.atom_a_id else sides.atom_b_id end
            as atom_b_id,
        sides.decision_id,

        -- strings
        sides.verdict,
        sides.shared,
        sides.shared_values,
        named.name_level,
        named.email_name_level,
        case
            when sides.left_births && sides.right_births then 'equal'
            when sides.left_births is not null and sides.right_births is not null
                then (
                    select
                        coalesce(
                            min(compared.level) filter (where compared.level = 'near'),
                            min(compared.level)
                        )
                    from unnest(sides.left_births) as left_birth
                    cross join unnest(sides.right_births) as right_birth
                    cross join lateral (
                        select {{ birth_level('left_birth', 'right_birth') }} as level
                    ) as compared
                )
        end as birth_level,
        sides.gender_level,
        case
            when sides.left_addresses && sides.right_addresses then 'equal'
            when sides.left_addresses is not null and sides.right_addresses is not null
                then (
                    select
                        coalesce(
                            min(compared.level) filter (where compared.level = 'near'),
                            min(compared.level)
                        )
                    from unnest(sides.left_addresses) as left_address
                    cross join unnest(sides.right_addresses) as right_address
                    cross join lateral (
                        select
                            {{ address_level('left_address', 'right_address') }}
                                as level
                    ) as compared
                )
        end as address_level,
        sides.city_level,
        sides.postcode_level,
        case
            when sides.left_phones && sides.right_phones then null
            when
                exists (
                    select 1
                    from unnest(sides.left_phones) as left_phone
                    cross join unnest(sides.right_phones) as right_phone
                    where {{ is_one_slip('left_phone', 'right_phone') }}
                )
                then 'near'
            when sides.left_phones is not null and sides.right_phones is not null
                then 'different'
        end as phone_level,
        case
            when sides.left_emails && sides.right_emails then null
            when
                exists (
                    select 1
                    from unnest(sides.left_emails) as left_email
                    cross join unnest(sides.right_emails) as right_email
                    where
                        levenshtein_less_equal(
                            left(left_email, 80), left(right_email, 80), 1
                        ) <= 1
                        or (
                            split_part(left_email, '@', 1)
                            = split_part(right_email, '@', 1)
                            and length(split_part(left_email, '@', 1)) >= 8
                        )
                )
                then 'near'
            when sides.left_emails is not null and sides.right_emails is not null
                then 'different'
        end as email_level,
        sides.unionid_level,
        sides.openid_level,
        sides.account_level,

        -- numerics
        named.name_bits,
        pg_current_xact_id() as changed_xid,

        -- booleans
        sides.are_bare,
        named.has_common_word

    from sides
    left join named
        on sides.pair_id = named.pair_id
    -- what lies together is read together
    order by atom_a_id, atom_b_id

)

select * from final
