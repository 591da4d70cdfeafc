{{ config(
    unique_key='cluster_id',
    indexes=[
        {'columns': ['cluster_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_records__clustered',
                'key': 'cluster_id',
                'stamp': 'placed_xid',
            },
        ],
        'touched_type': 'uuid',
        'closed_over': '
            select others.cluster_id
            from (
                select distinct published.customer_id
                from [int_records__clustered] as members
                inner join [int_records__resolved] as published
                    on published.record_id = members.record_id
                where members.cluster_id = closed.touched_key
            ) as held
            inner join [int_records__resolved] as fellows
                on fellows.customer_id = held.customer_id
            inner join [int_records__clustered] as others
                on others.record_id = fellows.record_id',
        'closed_unless_read_by': 'int_records__resolved',
    }
) }}

with

members as (

    select * from {{ ref('int_records__clustered') }}
    {{ only_touched('cluster_id') }}

),

published as (

    select * from {{ last_publication() }}

),

clusters as (

    select distinct cluster_id from members

),

holdings as (

    select
        members.cluster_id,
        published.customer_id,
        count(*) as record_count
    from members
    {{ looked_up('published', 'members.record_id = published.record_id') }}
    group by members.cluster_id, published.customer_id

),

ranked as (

    -- ids are numbered as they are issued, so the smaller one is the older one
    select
        cluster_id,
        customer_id,
        row_number() over (
            partition by cluster_id
            order by record_count desc, customer_id asc
        ) as place_in_cluster,
        row_number() over (
            partition by customer_id
            order by record_count desc, cluster_id asc
        ) as place_of_customer
    from holdings

),

kept as (

    select
        cluster_id,
        customer_id
    from ranked
    where place_in_cluster = 1 and place_of_customer = 1

),

final as (

    select

        -- ids
        clusters.cluster_id,
        coalesce(kept.customer_id, {{ next_customer_id() }}) as customer_id,

        -- numerics
        pg_current_xact_id() as changed_xid

    from clusters
    left join kept
        on clusters.cluster_id = kept.cluster_id

)

select * from final
