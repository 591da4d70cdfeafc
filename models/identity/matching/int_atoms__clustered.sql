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

edges as (

    select
        least(pairs.atom_a_id, pairs.atom_b_id) as node_a,
        greatest(pairs.atom_a_id, pairs.atom_b_id) as node_b,
        pairs.bits as strength,
        pairs.state = 'forced' as is_forced
    from pairs
    where pairs.state in ('linked', 'forced') and pairs.atom_a_id <> pairs.atom_b_id

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
        atoms.record_class > 0
        and not atoms.has_account
        and tied.atom_id is null
        and clustered.node is null as is_loose

    from atoms
    left join clustered
        on atoms.atom_id = clustered.node
    left join tied
        on atoms.atom_id = tied.atom_id

)

select * from final
