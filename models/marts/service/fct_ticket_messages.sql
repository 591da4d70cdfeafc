{{ config(
    unique_key='message_id',
    indexes=[
        {'columns': ['ticket_id', 'message_number']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_ticket_messages__unioned', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

messages as (

    select * from {{ ref('int_ticket_messages__unioned') }}
    {{ only_touched('ticket_id') }}

),

final as (

    select

        -- ids
        message_id,
        ticket_id,
        interaction_id,
        author_id,

        -- strings
        source_name,
        sender_type,

        -- numerics
        message_number,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_public,
        is_opening,
        is_reply,
        is_before_creation,

        -- timestamps
        sent_at

    from messages
    where is_ticket_known

)

select * from final
