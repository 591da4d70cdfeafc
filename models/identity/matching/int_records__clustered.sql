{{ config(
    unique_key='record_id',
    indexes=[
        {'columns': ['record_id'], 'unique': true},
        {'columns': ['cluster_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_records__extracted', 'key': 'record_id'},
            {
                'parent': 'int_profiles__clustered',
                'key': 'profile_id',
                'via': {
                    'model': 'int_records__extracted',
                    'column': 'profile_id',
                    'key': 'record_id',
                    'type': 'uuid',
                },
            },
            {
                'parent': 'int_atoms__clustered',
                'key': 'atom_id',
                'each': 'unnest(array(
                    select records.record_id
                    from [int_profiles__clustered] as profiles
                    inner join [int_records__extracted] as records
                        on records.profile_id = profiles.profile_id
                    where profiles.atom_id = fresh_key::uuid
                ))',
            },
        ],
        'moves': ['cluster_id'],
        'stamps': {'placed_xid': ':row.cluster_id'},
    }
) }}

with

records as (

    select * from {{ ref('int_records__extracted') }}
    {{ only_touched('record_id') }}

),

profiles as (

    select * from {{ ref('int_profiles__clustered') }}

),

atoms as (

    select * from {{ ref('int_atoms__clustered') }}

),

clustered as (

    select
        records.record_id,
        records.source_name,
        -- records that look the same but say too little are one person each
        case
            when atoms.is_loose then md5(records.record_id)::uuid
            else atoms.cluster_id
        end as cluster_id
    from records
    {{ looked_up('profiles', 'records.profile_id = profiles.profile_id') }}
    {{ looked_up('atoms', 'profiles.atom_id = atoms.atom_id') }}

),

standing as (

    {% if this and is_incremental() -%}
        select cluster_id from {{ this }}
    {%- else -%}
        select null::uuid as cluster_id
    {%- endif %}

),

final as (

    select

        -- ids
        clustered.record_id,
        clustered.cluster_id,

        -- strings
        clustered.source_name,

        -- numerics
        pg_current_xact_id() as changed_xid,
        case
            -- who joins a cluster that stands leaves its customer as it is
            when
                not exists (
                    select 1 from standing
                    where standing.cluster_id = clustered.cluster_id
                )
                then pg_current_xact_id()
        end as placed_xid

    from clustered

)

select * from final
