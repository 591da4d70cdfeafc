{{ config(
    unique_key='ticket_id',
    indexes=[
        {'columns': ['ticket_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__judged', 'key': 'ticket_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_tickets__judged') }}
    {{ only_touched('ticket_id') }}

),

tickets as (

    select * from {{ ref('stg_helpdesk__tickets') }}

),

final as (

    select

        -- ids
        tickets.ticket_id,
        tickets.crm_customer_id,
        tickets.agent_id,
        tickets.interaction_record_id,
        case
            when tickets.interaction_record_id is not null
                then {{ surrogate_key([
                    'tickets.interaction_source_name',
                    'tickets.interaction_record_id',
                ]) }}
        end as interaction_id,

        -- strings
        {{ standardise_text('tickets.requester_name_raw') }} as requester_name,
        {{ standardise_email('tickets.requester_email_raw') }} as requester_email,
        tickets.requester_email_raw,
        {{ standardise_phone(
            'tickets.requester_phone_raw', phone_region('tickets.group_name')
        ) }}
            as requester_phone,
        tickets.requester_phone_raw,
        lower(tickets.channel_raw) as channel,
        {{ standardise_text('tickets.subject_raw') }} as subject,
        {{ standardise_text('tickets.description_raw') }} as description,
        lower(tickets.status_raw) as ticket_status,
        lower(tickets.priority_raw) as ticket_priority,
        lower(tickets.ticket_type_raw) as ticket_type,
        tickets.topic_raw as topic,
        tickets.group_name,
        tickets.interaction_source_name,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        tickets.created_at,
        tickets.updated_at,
        tickets.solved_at,
        verdicts.first_exported_at

    from verdicts
    inner join tickets
        on verdicts.row_id = tickets.row_id
    where verdicts.rejection_reason is null

)

select * from final
