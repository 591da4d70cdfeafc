{{ config(
    unique_key='identifier_id',
    indexes=[
        {'columns': ['identifier_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_atom_identifiers__extracted', 'key': 'identifier_id'},
        ],
        'touched_type': 'uuid',
        'quiet': ['owner_count'],
        'stamps': {
            'told_xid': '
                :row.unusable_reason, :row.contest_count, :row.login_count,
                :row.is_weak, :row.hub_atom_ids is null',
            'hubs_xid': ':row.hub_atom_ids',
            'owned_xid': ':row.unusable_reason is null and :row.contest_count = 0',
        },
    }
) }}

with

atom_identifiers as not materialized (

    select * from {{ ref('int_atom_identifiers__extracted') }}

),

names as not materialized (

    select * from {{ ref('int_names__extracted') }}

),

policies as (

    select * from {{ ref('seed_identifier_policies') }}

),

blocks as (

    select * from {{ ref('seed_identifier_blocks') }}

),

{% if this and is_incremental() -%}
    foremost as materialized (

        -- of those who hold a value, no more than may hold one that only finds pairs
        select several.*
        from {{ touched_table() }} as touched
        cross join
            lateral (
                select atom_identifiers.* from atom_identifiers
                where atom_identifiers.identifier_id = touched.touched_key
                order by atom_identifiers.atom_id
                limit (
                    select max(policies.max_atoms) + 1 from policies
                    where policies.max_owners is null
                )
            ) as several

    ),

    crowded as (

        -- of a value that is evidence, all
        select
            foremost.identifier_id,
            (array_agg(foremost.atom_id order by foremost.atom_id desc))[1]
                as last_atom_id
        from foremost
        inner join policies
            on foremost.identifier_type = policies.identifier_type
        where policies.max_owners is not null
        group by foremost.identifier_id
        having
            count(*) > (
                select max(finding.max_atoms) from policies as finding
                where finding.max_owners is null
            )

    ),

{% endif -%}

carried as not materialized (

    {% if this and is_incremental() -%}
        select * from foremost
        union all
        select atom_identifiers.*
        from crowded
        {{ looked_up(
            'atom_identifiers',
            'crowded.identifier_id = atom_identifiers.identifier_id'
            ~ ' and crowded.last_atom_id < atom_identifiers.atom_id'
        ) }}
    {%- else -%}
        select * from atom_identifiers
    {%- endif %}

),

blocked as (

    {{ blocked_patterns('blocks') }}

),

weakened as (

    select
        identifier_type,
        string_agg(pattern, '|' order by pattern) as pattern
    from blocks
    where treatment = 'weaken'
    group by identifier_type

),

held as (

    select
        carried.identifier_id,
        min(carried.identifier_type) as identifier_type,
        min(carried.identifier_value) as identifier_value,
        {% if this and is_incremental() -%}
            case
                when
                    min(policies.max_atoms) < count(*)
                    and min(policies.max_owners) is null
                    -- the index tells how many they are
                    then (
                        select count(*)
                        from atom_identifiers as every
                        where every.identifier_id = carried.identifier_id
                    )
                else count(*)
            end
        {%- else -%}
            count(*)
        {%- endif %} as atom_count,
        max(carried.record_class) as record_class,
        count(*) filter (where carried.has_login) as login_count
    from carried
    {% if this and is_incremental() -%}
        inner join policies
            on carried.identifier_type = policies.identifier_type
    {%- endif %}
    group by carried.identifier_id

),

shared as materialized (

    -- what one record alone has can join nothing
    select * from held
    where atom_count > 1 or record_class > 0

),

holders as materialized (

    -- one atom per name stands for all that hold the value under it. Of a value that
    -- only finds pairs it is asked where too many hold it for each to meet each
    select
        carried.identifier_id,
        owner_names.owner_name,
        policies.max_owners,
        min(carried.atom_id::text)::uuid as atom_id,
        count(owner_names.owner_name) over (partition by carried.identifier_id)
            as name_count
    from carried
    inner join shared
        on carried.identifier_id = shared.identifier_id
    inner join policies
        on shared.identifier_type = policies.identifier_type
    left join lateral unnest(carried.owner_names) as owner_names (owner_name)
        on true
    where
        policies.max_atoms is distinct from 0
        and (
            policies.is_evidence or shared.atom_count > 12 or shared.record_class > 1
        )
    group by carried.identifier_id, owner_names.owner_name, policies.max_owners

),

met_names as materialized (

    -- dozens of names are many owners, however they are spelt; a value that only finds
    -- pairs may have any number
    select
        holders.identifier_id,
        holders.owner_name,
        others.owner_name as other_name
    from holders
    inner join holders as others
        on
            holders.identifier_id = others.identifier_id
            and holders.owner_name <> others.owner_name
    where holders.name_count <= 24 and holders.max_owners is not null

),

name_pairs as materialized (

    -- the same two names meet again and again, and are compared once
    select distinct
        owner_name,
        other_name
    from met_names

),

met_by_name as {{ written_down() }} (

    {{ looked_up_once(
        'names', 'person_name', 'name_pairs', ['owner_name', 'other_name']
    ) }}

),

alike_names as materialized (

    -- names that may be one person's count once. A full name yields to a full one only:
    -- sisters are two, though 'Ms Wang' may be either
    select
        name_pairs.owner_name,
        name_pairs.other_name
    from name_pairs
    inner join met_by_name as left_names
        on name_pairs.owner_name = left_names.person_name
    inner join met_by_name as right_names
        on name_pairs.other_name = right_names.person_name
    where
        case
            when left_names.name_kind = right_names.name_kind
                then name_pairs.owner_name > name_pairs.other_name
            else right_names.name_kind = 'full'
        end
        and coalesce({{ name_level('left_names', 'right_names') }}, 'unknown')
        not in ('different', 'unfit')

),

spellings as (

    select distinct
        met_names.identifier_id,
        met_names.owner_name
    from met_names
    inner join alike_names
        on
            met_names.owner_name = alike_names.owner_name
            and met_names.other_name = alike_names.other_name

),

hubs as (

    select
        holders.identifier_id,
        count(holders.owner_name) filter (where spellings.owner_name is null)
            as owner_count,
        array_agg(distinct holders.atom_id) as held_by
    from holders
    left join spellings
        on
            holders.identifier_id = spellings.identifier_id
            and holders.owner_name = spellings.owner_name
    group by holders.identifier_id

),

judged as materialized (

    select
        shared.*,
        case when policies.is_evidence then coalesce(hubs.owner_count, 0) else 0 end
            as owner_count,
        hubs.held_by,
        policies.max_atoms,
        policies.is_evidence,
        coalesce(shared.identifier_value ~ weakened.pattern, false) as is_weak,
        case
            when shared.identifier_value ~ blocked.pattern then 'blocked'
            when hubs.owner_count > policies.max_owners then 'too_many_owners'
            when shared.atom_count > policies.max_atoms then 'too_many_holders'
            when shared.record_class > 1 and hubs.owner_count = 0
                then 'too_many_holders'
        end as unusable_reason
    from shared
    inner join policies
        on shared.identifier_type = policies.identifier_type
    left join hubs
        on shared.identifier_id = hubs.identifier_id
    left join blocked
        on shared.identifier_type = blocked.identifier_type
    left join weakened
        on shared.identifier_type = weakened.identifier_type

),

counted as (

    select
        judged.*,
        -- where many share a value, they are compared with one atom per name only
        case
            when judged.atom_count > 12 and judged.atom_count <= judged.max_atoms
                then judged.held_by
        end as hub_atom_ids,
        -- no more is told than is weighed, so nobody is woken over what is not: one
        -- name is no contest, one log-in as good as none
        case
            when
                judged.is_evidence
                and judged.unusable_reason is null
                and judged.owner_count > 1
                then judged.owner_count
            else 0
        end as contest_count,
        case
            when
                judged.is_evidence
                and judged.unusable_reason is null
                and judged.login_count > 1
                then least(judged.login_count, 4)
            else 0
        end::smallint as told_login_count
    from judged

),

final as (

    select

        -- ids
        counted.identifier_id,
        counted.hub_atom_ids,

        -- strings
        counted.identifier_type,
        counted.unusable_reason,

        -- numerics
        counted.owner_count,
        counted.contest_count,
        counted.told_login_count as login_count,
        -- in steps of four times as many, so that one more seldom changes it
        case
            when counted.max_atoms = 0
                then greatest(ceil(log(counted.atom_count / 2.0) / log(4)), 0)
        end::smallint as crowd,
        pg_current_xact_id() as changed_xid,
        -- who came and made it shared is touched by having come
        null::xid8 as told_xid,
        case when counted.hub_atom_ids is not null then pg_current_xact_id() end
            as hubs_xid,
        -- a value that one record has is that one's own
        case
            when counted.unusable_reason is not null or counted.contest_count > 0
                then pg_current_xact_id()
        end as owned_xid,

        -- booleans
        counted.is_weak,
        counted.is_evidence

    from counted

)

select * from final
