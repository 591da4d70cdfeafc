{{ config(
    unique_key='event_id',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['customer_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_records__resolved',
                'key': 'customer_id',
                'told_in': {'table': customer_events(), 'key': 'event_id'},
            },
        ],
        'touched_type': 'bigint',
    }
) }}

-- the ledger is written when customers are published, and never changed
-- depends_on: {{ ref('int_records__resolved') }}

with

events as (

    select * from {{ customer_events() }}
    {{ only_touched('event_id') }}

),

final as (

    select

        -- ids
        event_id,
        customer_id,
        other_customer_id,
        run_id,

        -- strings
        event,

        -- numerics
        record_count,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        happened_at

    from events

)

select * from final
