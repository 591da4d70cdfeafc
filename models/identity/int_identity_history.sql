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
                'each': 'unnest(array(
                    select events.event_id::text
                    from ' ~ customer_events() ~ ' as events
                    where
                        events.customer_id = fresh_key
                        and not exists (
                            select 1 from :this as known
                            where known.event_id = events.event_id
                        )
                ))',
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
