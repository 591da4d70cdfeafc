{{ config(
    unique_key='decision_id',
    indexes=[
        {'columns': ['decision_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_frontdesk__identity_decisions', 'key': 'decision_id'},
        ],
    }
) }}

with

decisions as (

    select * from {{ ref('stg_frontdesk__identity_decisions') }}
    {{ only_touched('decision_id') }}

),

final as (

    select

        -- ids
        decision_id,
        record_id_a,
        record_id_b,

        -- strings
        verdict,
        decided_by,
        reason,
        undone_by,
        undone_reason,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_standing,

        -- timestamps
        decided_at,
        undone_at

    from decisions

)

select * from final
