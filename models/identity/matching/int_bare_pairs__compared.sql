{{ config(
    unique_key=['atom_a_id', 'atom_b_id'],
    indexes=[
        {'columns': ['atom_a_id', 'atom_b_id'], 'unique': true},
        {'columns': ['household_group']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_pairs__compared',
                'key': 'atom_a_id',
                'where': 'are_bare',
            },
            {
                'parent': 'int_identifiers__counted',
                'key': 'identifier_id',
                'where': 'crowd is not null',
                'each': 'unnest(array(
                    select met.atom_a_id::text
                    from [int_atom_identifiers__extracted] as carried
                    cross join lateral (
                        select atom_a_id from [int_pairs__compared]
                        where atom_a_id = carried.atom_id and are_bare
                        union all
                        select atom_a_id from [int_pairs__compared]
                        where atom_b_id = carried.atom_id and are_bare
                    ) as met
                    where carried.identifier_id = fresh_key::uuid
                ))',
            },
        ],
        'touched_key': 'atom_a_id',
        'touched_type': 'uuid',
        'moves': ['household_group'],
    }
) }}

with

pairs as (

    select * from {{ ref('int_pairs__compared') }}
    {{ only_touched('atom_a_id') }}

),

atoms as (

    select * from {{ ref('int_atoms__unioned') }}

),

said as (

    select * from {{ ref('int_atom_identifiers__extracted') }}

),

identifiers as (

    select * from {{ ref('int_identifiers__counted') }}

),

bare as materialized (

    select
        *,
        name_level in ('different', 'unfit')
        and birth_level = 'different' as are_two_births
    from pairs
    where are_bare

),

bare_atoms as (

    select atom_a_id as atom_id from bare
    union
    select atom_b_id as atom_id from bare

),

crowds as (

    -- how common is each thing that a bare record says
    select
        bare_atoms.atom_id,
        max(identifiers.crowd) filter (where said.identifier_type = 'bare_name')
            as name_crowd,
        max(identifiers.crowd) filter (where said.identifier_type = 'bare_birth')
            as birth_crowd,
        max(identifiers.crowd) filter (where said.identifier_type = 'bare_street')
            as street_crowd,
        max(identifiers.crowd) filter (where said.identifier_type = 'bare_number')
            as number_crowd,
        max(identifiers.crowd) filter (where said.identifier_type = 'bare_city')
            as city_crowd,
        max(identifiers.crowd) filter (where said.identifier_type = 'bare_postcode')
            as postcode_crowd
    from bare_atoms
    {{ looked_up(
        'said',
        "bare_atoms.atom_id = said.atom_id and starts_with(said.identifier_type, 'bare_')"
    ) }}
    {{ looked_up('identifiers', 'said.identifier_id = identifiers.identifier_id') }}
    group by bare_atoms.atom_id

),

described as materialized (

    -- an atom stands in many pairs, and is described once
    select
        bare_atoms.atom_id,
        atoms.address_keys[1] as address,
        {{ city_key('atoms') }} as city,
        {{ postal_code('atoms') }} as postcode,
        crowds.name_crowd,
        crowds.birth_crowd,
        crowds.street_crowd,
        crowds.number_crowd,
        crowds.city_crowd,
        crowds.postcode_crowd
    from bare_atoms
    {{ looked_up('atoms', 'bare_atoms.atom_id = atoms.atom_id') }}
    left join crowds
        on bare_atoms.atom_id = crowds.atom_id

),

final as (

    select

        -- ids
        bare.pair_id,
        bare.atom_a_id,
        bare.atom_b_id,
        case
            when
                bare.are_two_births
                or (
                    bare.address_level in ('equal', 'near')
                    and bare.name_level is not null
                    and bare.birth_level is not null
                )
                then 1
        end::smallint as household_group,

        -- strings
        bare.address_level,
        -- each part counts, less where many say the same, and each may be wrong
        array_remove(
            array[
                {{ detail('name', name_detail_level('bare')) }},
                {{ detail('birth', 'bare.birth_level') }},
                {{ detail('street', street_level(
                    'left_atoms.address', 'right_atoms.address'
                )) }},
                {{ detail('number', number_level(
                    'left_atoms.address', 'right_atoms.address'
                )) }},
                {{ detail('city', slip_level('left_atoms.city', 'right_atoms.city')) }},
                {{ detail('postcode', slip_level(
                    'left_atoms.postcode', 'right_atoms.postcode'
                )) }},
                case when bare.are_two_births then 'household' end
            ],
            null
        ) as details,

        -- numerics
        greatest(left_atoms.name_crowd, right_atoms.name_crowd) as name_crowd,
        pg_current_xact_id() as changed_xid

    from bare
    inner join described as left_atoms
        on bare.atom_a_id = left_atoms.atom_id
    inner join described as right_atoms
        on bare.atom_b_id = right_atoms.atom_id

)

select * from final
