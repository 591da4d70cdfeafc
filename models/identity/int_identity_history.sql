{{ config(
    unique_key='event_id',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['customer_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_frontdesk__customer_events', 'key': 'event_id'},
        ],
        'touched_type': 'bigint',
    }
) }}

-- the ledger is written when customers are published
-- depends_on: {{ ref('int_records__resolved') }}

with

events as (

    select * from {{ ref('stg_frontdesk__customer_events') }}
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
