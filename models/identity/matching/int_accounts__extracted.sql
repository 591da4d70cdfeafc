{{ config(
    unique_key=['profile_id', 'identifier_id'],
    indexes=[
        {'columns': ['profile_id', 'identifier_id'], 'unique': true},
        {'columns': ['identifier_id', 'profile_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_profiles__extracted', 'key': 'profile_id'},
        ],
        'touched_key': 'profile_id',
        'touched_type': 'uuid',
    }
) }}

with

profiles as (

    select * from {{ ref('int_profiles__extracted') }}
    {{ only_touched('profile_id') }}

),

policies as (

    select * from {{ ref('seed_identifier_policies') }}

),

blocks as (

    select * from {{ ref('seed_identifier_blocks') }}

),

blocked as (

    {{ blocked_patterns('blocks') }}

),

carried as (

    select
        profiles.profile_id,
        profiles.person_name,
        profiles.birth_date,
        identifiers.identifier_type,
        identifiers.identifier_value
    from profiles
    cross join
        lateral (
            values
            {{ account_identifiers('profiles') }}
        ) as identifiers (identifier_type, identifier_value, raw_value)
    where identifiers.identifier_value is not null

),

final as (

    select

        -- ids
        carried.profile_id,
        {{ identifier_id('carried.identifier_type', 'carried.identifier_value') }}
            as identifier_id,

        -- strings
        carried.identifier_type,
        carried.identifier_value,

        -- numerics
        policies.priority,
        pg_current_xact_id() as changed_xid

    from carried
    inner join policies
        on
            carried.identifier_type = policies.identifier_type
            and policies.is_exclusive
    left join blocked
        on carried.identifier_type = blocked.identifier_type
    where
        blocked.pattern is null
        or carried.identifier_value !~ blocked.pattern
    -- what lies together is read together
    order by carried.profile_id

)

select * from final
