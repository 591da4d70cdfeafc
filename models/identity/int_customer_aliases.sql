{{ config(
    unique_key='customer_id',
    indexes=[
        {'columns': ['customer_id'], 'unique': true},
        {'columns': ['current_customer_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'int_identity_history', 'key': 'customer_id'}],
        'closed_over': '
            select customer_id from :this
            where current_customer_id = closed.touched_key',
        'moves': ['current_customer_id'],
    }
) }}

with recursive

issued as (

    select * from {{ ref('int_identity_history') }}
    {{ only_touched('customer_id') }}

),

history as (

    select * from {{ ref('int_identity_history') }}

),

records as (

    select * from {{ ref('int_records__resolved') }}

),

followed as (

    -- from an id to the one it went into, until one stands or was retired
    select distinct
        issued.customer_id,
        issued.customer_id as reached_customer_id,
        0 as steps
    from issued
    union all
    select
        followed.customer_id,
        last_event.other_customer_id as reached_customer_id,
        followed.steps + 1 as steps
    from followed
    cross join
        lateral (
            select history.other_customer_id
            from history
            where
                history.customer_id = followed.reached_customer_id
                and history.event = 'merged_into'
            order by history.happened_at desc, history.event_id::bigint desc
            limit 1
        ) as last_event
    where
        not exists (
            select 1
            from records
            where records.customer_id = followed.reached_customer_id
        )

),

reached as (

    select distinct on (followed.customer_id)
        followed.customer_id,
        followed.reached_customer_id
    from followed
    order by followed.customer_id asc, followed.steps desc

),

final as (

    select

        -- ids
        reached.customer_id,
        case
            when
                exists (
                    select 1
                    from records
                    where records.customer_id = reached.reached_customer_id
                )
                then reached.reached_customer_id
        end as current_customer_id,

        -- numerics
        pg_current_xact_id() as changed_xid

    from reached

)

select * from final
