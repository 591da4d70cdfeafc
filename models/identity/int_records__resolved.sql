{{ config(
    unique_key='record_id',
    full_refresh=false,
    indexes=[
        {'columns': ['record_id'], 'unique': true},
        {'columns': ['customer_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_records__clustered', 'key': 'record_id'},
            {
                'parent': 'int_clusters__linked',
                'key': 'cluster_id',
                'via': {
                    'model': 'int_records__clustered',
                    'column': 'cluster_id',
                    'key': 'record_id',
                    'type': 'uuid',
                },
            },
        ],
        'moves': ['customer_id'],
    },
    post_hook=["{{ note_customer_events() }}"]
) }}

-- a gate holds a publication back only if all that it reads comes before it
-- depends_on: {{ ref('seed_identity_limits') }}

with

records as (

    select * from {{ ref('int_records__clustered') }}
    {{ only_touched('record_id') }}

),

clusters as (

    select * from {{ ref('int_clusters__linked') }}

),

published as (

    select * from {{ last_publication() }}
    {{ only_touched('record_id') }}

),

final as (

    select

        -- ids
        records.record_id,
        clusters.customer_id,
        case
            when published.customer_id <> clusters.customer_id
                then published.customer_id
            else published.former_customer_id
        end as former_customer_id,

        -- strings
        records.source_name,
        case
            when published.customer_id = clusters.customer_id then published.since_run
            else '{{ invocation_id }}'
        end as since_run,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        case
            when published.customer_id = clusters.customer_id then published.since_at
            else {{ as_of() }}
        end as since_at

    from records
    {{ looked_up('clusters', 'records.cluster_id = clusters.cluster_id') }}
    left join published
        on records.record_id = published.record_id

)

select * from final
