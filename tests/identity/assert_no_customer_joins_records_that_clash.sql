{{ config(meta={'dagster': {'ref': {'name': 'int_atoms__clustered'}}}) }}

-- two full names that cannot be one, two birth dates or two accounts of one open
-- platform are two persons, unless somebody decided otherwise

with

atoms as (

    select * from {{ ref('int_atoms__clustered') }}

),

described as (

    select * from {{ ref('int_atoms__unioned') }}

),

names as (

    select * from {{ ref('int_names__extracted') }}

),

pairs as (

    select * from {{ ref('int_pairs__scored') }}

),

forced as (

    select distinct atoms.cluster_id
    from pairs
    inner join atoms
        on pairs.atom_a_id = atoms.atom_id
    where pairs.state = 'forced'

),

traits as (

    select
        atoms.cluster_id,
        listed.kind,
        listed.trait,
        -- what bare records alone say may be wrong: it was weighed, and does not clash
        bool_and(described.is_bare) as is_soft
    from atoms
    inner join described
        on atoms.atom_id = described.atom_id
    cross join
        lateral (
            select
                'name' as kind,
                names.person_name as trait
            from unnest(described.person_names) as given_names (person_name)
            inner join names
                on given_names.person_name = names.person_name
            where names.name_kind = 'full'
            union
            select
                'birth_date' as kind,
                birth_date::text as trait
            from unnest(described.birth_dates) as birth_date
            union
            select
                'unionid' as kind,
                unionid as trait
            from unnest(described.unionids) as unionid
        ) as listed
    group by atoms.cluster_id, listed.kind, listed.trait

)

select
    mine.cluster_id,
    mine.kind,
    mine.trait,
    others.trait as other_trait
from traits as mine
inner join traits as others
    on
        mine.cluster_id = others.cluster_id
        and mine.kind = others.kind
        and mine.trait < others.trait
        and not (mine.is_soft and others.is_soft)
left join names as left_name
    on
        mine.kind = 'name'
        and mine.trait = left_name.person_name
left join names as right_name
    on
        mine.kind = 'name'
        and others.trait = right_name.person_name
where
    not exists (
        select 1
        from forced
        where forced.cluster_id = mine.cluster_id
    )
    and case
        when mine.kind = 'name'
            then
                coalesce(
                    {{ name_level('left_name', 'right_name') }} = 'different', false
                )
        when mine.kind = 'birth_date'
            then
                {{ birth_level('mine.trait::date', 'others.trait::date') }}
                = 'different'
        else true
    end
