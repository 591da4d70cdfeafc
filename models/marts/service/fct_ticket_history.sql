{{ config(
    unique_key='change_id',
    indexes=[
        {'columns': ['ticket_id', 'valid_from']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_ticket_changes__unioned', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

changes as (

    select * from {{ ref('int_ticket_changes__unioned') }}
    {{ only_touched('ticket_id') }}

),

final as (

    select

        -- ids
        change_id,
        ticket_id,
        author_id as changed_by_id,

        -- strings
        source_name,
        field_name,
        field_value,

        -- numerics
        change_number,
        pg_current_xact_id() as changed_xid,

        -- booleans
        valid_to is null as is_current,

        -- timestamps
        changed_at as valid_from,
        valid_to

    from changes

)

select * from final
