{{ config(meta={'dagster': {'ref': {'name': 'int_atoms__clustered'}}}) }}

-- two full names that cannot be one, two birth dates or two accounts of one open
-- platform are two persons, unless somebody decided otherwise. Asked of who changed
-- since this gate last passed

with

atoms as not materialized (

    select * from {{ ref('int_atoms__clustered') }}

),

described as not materialized (

    select * from {{ ref('int_atoms__unioned') }}

),

names as not materialized (

    select * from {{ ref('int_names__extracted') }}

),

pairs as (

    select * from {{ ref('int_pairs__scored') }}

),

changed as (

    -- a cluster is part of a component, which has an index
    select component_id
    from atoms
    where {{ is_ungated('changed_xid') }}
    union
    select atoms.component_id
    from described
    inner join atoms
        on described.atom_id = atoms.atom_id
    where {{ is_ungated('described.changed_xid') }}

),

members as materialized (

    select
        atoms.atom_id,
        atoms.cluster_id,
        described.is_bare,
        described.person_names,
        described.birth_dates,
        described.unionids
    from changed
    inner join atoms
        on changed.component_id = atoms.component_id
    inner join described
        on atoms.atom_id = described.atom_id

),

forced as (

    select distinct members.cluster_id
    from members
    inner join pairs
        on members.atom_id = pairs.atom_a_id
    where pairs.state = 'forced'

),

said as (

    select
        members.cluster_id,
        members.is_bare,
        'name' as kind,
        names.person_name as trait
    from members
    cross join unnest(members.person_names) as given_names (person_name)
    inner join names
        on given_names.person_name = names.person_name
    where names.name_kind = 'full'
    union all
    select
        members.cluster_id,
        members.is_bare,
        'birth_date' as kind,
        birth_dates.birth_date::text as trait
    from members
    cross join unnest(members.birth_dates) as birth_dates (birth_date)
    union all
    select
        members.cluster_id,
        members.is_bare,
        'unionid' as kind,
        unionids.unionid as trait
    from members
    cross join unnest(members.unionids) as unionids (unionid)

),

traits as (

    select
        cluster_id,
        kind,
        trait,
        -- what bare records alone say may be wrong: it was weighed, and does not clash
        bool_and(is_bare) as is_soft,
        count(*) over (partition by cluster_id, kind) as trait_count
    from said
    group by cluster_id, kind, trait

),

several as materialized (

    select * from traits
    where trait_count > 1

)

select
    mine.cluster_id,
    mine.kind,
    mine.trait,
    others.trait as other_trait
from several as mine
inner join several as others
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
left join forced
    on mine.cluster_id = forced.cluster_id
where
    forced.cluster_id is null
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
