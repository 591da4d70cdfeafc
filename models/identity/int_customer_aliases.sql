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

-- imported anew: read twice, an import would be written down whole
reached_records as (

    select * from {{ ref('int_records__resolved') }}

),

placed as (

    -- an id that stands, stands for itself
    select distinct
        issued.customer_id,
        records.customer_id as standing_id
    from issued
    {{ looked_up(
        'records',
        'issued.customer_id = records.customer_id',
        kind='left'
    ) }}

),

followed as (

    -- from another to the one it went into, until one stands or was retired
    select
        placed.customer_id,
        placed.customer_id as reached_customer_id,
        placed.standing_id,
        0 as steps
    from placed
    union all
    select
        followed.customer_id,
        last_event.other_customer_id as reached_customer_id,
        reached_standing.customer_id as standing_id,
        followed.steps + 1 as steps
    from followed
    cross join
        lateral (
            select history.other_customer_id
            from history
            where
                history.customer_id = followed.reached_customer_id
                and history.event = 'merged_into'
            order by history.happened_at desc, history.event_id desc
            limit 1
        ) as last_event
    left join
        lateral (
            select min(reached_records.customer_id) as customer_id
            from reached_records
            where reached_records.customer_id = last_event.other_customer_id
        ) as reached_standing
        on true
    where followed.standing_id is null

),

final as (

    select distinct on (customer_id)

        -- ids
        customer_id,
        standing_id as current_customer_id,

        -- numerics
        pg_current_xact_id() as changed_xid

    from followed
    order by customer_id asc, steps desc

)

select * from final
