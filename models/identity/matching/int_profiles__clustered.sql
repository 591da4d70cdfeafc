{{ config(
    unique_key='profile_id',
    indexes=[
        {'columns': ['profile_id'], 'unique': true},
        {'columns': ['atom_id']},
        {'columns': ['component_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_profiles__extracted', 'key': 'profile_id'},
            {'parent': 'int_accounts__extracted', 'key': 'profile_id'},
            {
                'parent': 'int_accounts__extracted',
                'key': 'identifier_id',
                'via': {
                    'model': 'int_accounts__extracted',
                    'column': 'identifier_id',
                    'key': 'profile_id',
                    'type': 'uuid',
                },
            },
        ],
        'touched_type': 'uuid',
        'components': 'component_id',
        'moves': ['atom_id'],
        'quiet': ['component_id', 'record_class'],
    }
) }}

with

profiles as (

    select * from {{ ref('int_profiles__extracted') }}
    {{ only_touched('profile_id') }}

),

accounts as (

    select * from {{ ref('int_accounts__extracted') }}
    {{ only_touched('profile_id') }}

),

names as (

    select * from {{ ref('int_names__extracted') }}

),

-- imported anew: read twice, an import would be written down whole
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

ranked as (

    -- equal names stand side by side, so that a clash parts a value's owners and not
    -- one owner's spellings
    select
        accounts.profile_id,
        accounts.identifier_id,
        accounts.priority,
        row_number() over owners as place,
        lead(accounts.profile_id) over owners as next_profile_id,
        first_value(accounts.profile_id) over owners as first_profile_id
    from accounts
    inner join profiles
        on accounts.profile_id = profiles.profile_id
    window owners as (
        partition by accounts.identifier_id
        order by profiles.person_name asc nulls last, accounts.profile_id asc
    )

),

edges as (

    select
        profile_id as node_a,
        next_profile_id as node_b,
        -priority as strength,
        false as is_forced,
        true as is_binding
    from ranked
    where next_profile_id is not null
    union all
    select
        first_profile_id as node_a,
        profile_id as node_b,
        -priority as strength,
        false as is_forced,
        true as is_binding
    from ranked
    where place > 2

),

traits as (

    select
        profiles.profile_id as node,
        'name' as kind,
        profiles.person_name as trait,
        false as is_soft
    from profiles
    inner join names
        on profiles.person_name = names.person_name
    where names.name_kind = 'full'
    union all
    select
        profiles.profile_id as node,
        'birth_date' as kind,
        profiles.birth_date::text as trait,
        false as is_soft
    from profiles
    where profiles.birth_date is not null
    union all
    select
        records.profile_id as node,
        'forbidden ' || decisions.decision_id as kind,
        records.record_id as trait,
        false as is_soft
    from decisions
    inner join records
        on records.record_id in (decisions.record_id_a, decisions.record_id_b)
    where decisions.is_standing and decisions.verdict = 'forbidden'

),

{{ constrained_clusters('left_names', 'right_names') }},

final as (

    select

        -- ids
        profiles.profile_id,
        {{ named_by_the_first('profiles', 'profile_id', 'cluster_id') }} as atom_id,
        {{ named_by_the_first('profiles', 'profile_id', 'component_id') }}
            as component_id,

        -- numerics
        profiles.record_class,
        pg_current_xact_id() as changed_xid

    from profiles
    left join clustered
        on profiles.profile_id = clustered.node
    -- what lies together is read together
    order by profiles.profile_id

)

select * from final
