{{ config(
    unique_key='atom_id',
    indexes=[
        {'columns': ['atom_id'], 'unique': true},
        {'columns': ['component_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_atoms__unioned', 'key': 'atom_id'},
            {'parent': 'int_pairs__scored', 'key': 'atom_a_id'},
            {
                'parent': 'int_pairs__scored',
                'key': 'atom_b_id',
                'where': "state in ('linked', 'forced')",
            },
        ],
        'touched_type': 'uuid',
        'components': 'component_id',
        'quiet': ['component_id'],
    }
) }}

with

atoms as (

    select * from {{ ref('int_atoms__unioned') }}
    {{ only_touched('atom_id') }}

),

pairs as (

    select * from {{ ref('int_pairs__scored') }}
    {{ only_touched('atom_a_id') }}

),

-- imported twice: read twice, an import would be written down whole
left_names as (

    select * from {{ ref('int_names__extracted') }}

),

right_names as (

    select * from {{ ref('int_names__extracted') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__cleaned') }}

),

records as (

    select * from {{ ref('int_records__extracted') }}

),

profiles as (

    select * from {{ ref('int_profiles__clustered') }}

),

linked as (

    select
        least(pairs.atom_a_id, pairs.atom_b_id) as node_a,
        greatest(pairs.atom_a_id, pairs.atom_b_id) as node_b,
        pairs.bits as strength,
        pairs.shared_type,
        pairs.state = 'forced' as is_forced
    from pairs
    where pairs.state in ('linked', 'forced') and pairs.atom_a_id <> pairs.atom_b_id

),

described as (

    select
        atoms.atom_id,
        atoms.first_record_id,
        atoms.first_seen_at,
        coalesce(
            atoms.person_names[1], atoms.email_names[1], atoms.address_keys[1]
        ) is null
        and atoms.birth_dates is null
        and not atoms.has_account as is_anonymous
    from atoms

),

choices as (

    -- who rings from a number and says no more is of one of those who have it, and does
    -- not make two of them one: not when what they say themselves does not
    select
        linked.node_a,
        linked.node_b,
        row_number() over (
            partition by mine.atom_id, linked.shared_type
            order by
                theirs.is_anonymous asc,
                linked.strength desc,
                theirs.first_seen_at asc,
                theirs.first_record_id asc,
                theirs.atom_id asc
        ) as place
    from linked
    cross join
        lateral (
            values
            (linked.node_a, linked.node_b),
            (linked.node_b, linked.node_a)
        ) as ends (atom_id, other_id)
    inner join described as mine
        on ends.atom_id = mine.atom_id
    inner join described as theirs
        on ends.other_id = theirs.atom_id
    where
        mine.is_anonymous
        and linked.shared_type is not null
        and not linked.is_forced

),

passed_over as (

    select
        choices.node_a,
        choices.node_b
    from choices
    group by choices.node_a, choices.node_b
    having min(choices.place) > 1

),

edges as (

    select
        linked.node_a,
        linked.node_b,
        linked.strength,
        linked.is_forced,
        passed_over.node_a is null as is_binding
    from linked
    left join passed_over
        on
            linked.node_a = passed_over.node_a
            and linked.node_b = passed_over.node_b

),

tied as (

    -- records that look the same are one person where what they say is enough
    select pairs.atom_a_id as atom_id
    from pairs
    where pairs.state = 'linked' and pairs.atom_a_id = pairs.atom_b_id

),

traits as (

    select
        atoms.atom_id as node,
        'name' as kind,
        person_names.person_name as trait,
        atoms.is_bare as is_soft
    from atoms
    cross join unnest(atoms.person_names) as person_names (person_name)
    union all
    select
        atoms.atom_id as node,
        'birth_date' as kind,
        birth_dates.birth_date::text as trait,
        atoms.is_bare as is_soft
    from atoms
    cross join unnest(atoms.birth_dates) as birth_dates (birth_date)
    union all
    select
        atoms.atom_id as node,
        'gender' as kind,
        atoms.genders[1] as trait,
        atoms.is_bare as is_soft
    from atoms
    where array_length(atoms.genders, 1) = 1
    union all
    select
        atoms.atom_id as node,
        'unionid' as kind,
        unionids.unionid as trait,
        false as is_soft
    from atoms
    cross join unnest(atoms.unionids) as unionids (unionid)
    union all
    select
        atoms.atom_id as node,
        'openid ' || split_part(openids.openid, '/', 1) as kind,
        openids.openid as trait,
        false as is_soft
    from atoms
    cross join unnest(atoms.openids) as openids (openid)
    union all
    select
        profiles.atom_id as node,
        'forbidden ' || decisions.decision_id as kind,
        records.record_id as trait,
        false as is_soft
    from decisions
    inner join records
        on records.record_id in (decisions.record_id_a, decisions.record_id_b)
    inner join profiles
        on records.profile_id = profiles.profile_id
    where decisions.is_standing and decisions.verdict = 'forbidden'

),

{{ constrained_clusters('left_names', 'right_names') }},

final as (

    select

        -- ids
        atoms.atom_id,
        {{ named_by_the_first('atoms', 'atom_id', 'cluster_id') }} as cluster_id,
        {{ named_by_the_first('atoms', 'atom_id', 'component_id') }} as component_id,
        atoms.first_record_id,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        described.is_anonymous,
        atoms.record_class > 0
        and not atoms.has_account
        and tied.atom_id is null
        and clustered.node is null as is_loose

    from atoms
    inner join described
        on atoms.atom_id = described.atom_id
    left join clustered
        on atoms.atom_id = clustered.node
    left join tied
        on atoms.atom_id = tied.atom_id

)

select * from final
