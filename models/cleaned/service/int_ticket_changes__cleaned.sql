{{ config(
    unique_key='change_id',
    indexes=[
        {'columns': ['change_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_ticket_changes__judged', 'key': 'change_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_ticket_changes__judged') }}
    {{ only_touched('change_id') }}

),

changes as (

    select * from {{ ref('stg_helpdesk__ticket_changes') }}

),

final as (

    select

        -- ids
        changes.change_id,
        changes.ticket_id,
        changes.author_id,

        -- strings
        changes.field_name,
        changes.old_value,
        changes.new_value,
        lower(changes.author_type_raw) as author_type,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        changes.is_public,

        -- timestamps
        changes.changed_at,
        verdicts.first_exported_at

    from verdicts
    inner join changes
        on verdicts.row_id = changes.row_id
    where verdicts.rejection_reason is null

)

select * from final
