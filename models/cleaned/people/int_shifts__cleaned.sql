{{ config(
    unique_key='shift_id',
    indexes=[
        {'columns': ['shift_id'], 'unique': true},
        {'columns': ['agent_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_shifts__judged', 'key': 'shift_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_shifts__judged') }}
    {{ only_touched('shift_id') }}

),

shifts as (

    select * from {{ ref('stg_workforce__shifts') }}

),

final as (

    select

        -- ids
        shifts.shift_id,
        shifts.agent_id,

        -- strings
        lower(shifts.activity_raw) as activity,
        verdicts.flags,

        -- numerics
        shifts.paid_minute_count,
        pg_current_xact_id() as changed_xid,

        -- dates
        shifts.shift_date,

        -- timestamps
        shifts.starts_at,
        shifts.ends_at,
        verdicts.first_exported_at

    from verdicts
    inner join shifts
        on verdicts.row_id = shifts.row_id
    where verdicts.rejection_reason is null

)

select * from final
