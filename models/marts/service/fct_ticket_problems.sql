{{ config(
    unique_key='ticket_problem_id',
    indexes=[
        {'columns': ['ticket_id']},
        {'columns': ['problem']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {'parent': 'int_ticket_changes__unioned', 'key': 'ticket_id'},
            {'parent': 'int_ticket_stays__counted', 'key': 'ticket_id'},
            {'parent': 'int_ticket_messages__unioned', 'key': 'ticket_id'},
            {'parent': 'int_sla_targets__counted', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

tickets as (

    select * from {{ ref('int_tickets__unioned') }}
    {{ only_touched('ticket_id') }}

),

changes as (

    select * from {{ ref('int_ticket_changes__unioned') }}
    {{ only_touched('ticket_id') }}

),

stays as (

    select * from {{ ref('int_ticket_stays__counted') }}
    {{ only_touched('ticket_id') }}

),

messages as (

    select * from {{ ref('int_ticket_messages__unioned') }}
    {{ only_touched('ticket_id') }}

),

targets as (

    select * from {{ ref('int_sla_targets__counted') }}
    {{ only_touched('ticket_id') }}

),

of_tickets as (

    select
        tickets.ticket_id,
        tickets.source_name,
        found.problem,
        found.detail
    from tickets
    cross join
        lateral (
            values
            ('unknown_requester', tickets.requester_id, not tickets.is_requester_known),
            ('unknown_group', tickets.group_id, not tickets.is_group_known),
            ('unknown_status', tickets.status, not tickets.is_status_known),
            ('deleted_ticket', tickets.status, tickets.is_deleted)
        ) as found (problem, detail, is_found)
    where found.is_found

),

of_histories as (

    select
        tickets.ticket_id,
        tickets.source_name,
        case
            when not stays.is_history_known then 'ticket_without_history'
            else 'status_disagrees_with_history'
        end as problem,
        tickets.status || ' here, ' || stays.status || ' in the history' as detail
    from tickets
    inner join stays
        on tickets.ticket_id = stays.ticket_id
    where
        stays.is_last
        and (not stays.is_history_known or stays.status is distinct from tickets.status)
        and not (tickets.is_deleted and stays.is_history_known)

),

of_changes as (

    select
        changes.change_id as record_id,
        changes.ticket_id,
        changes.source_name,
        found.problem,
        changes.field_name || ': ' || coalesce(changes.field_value, '') as detail
    from changes
    cross join
        lateral (
            values
            ('changes_at_one_instant', changes.is_at_one_instant),
            ('unknown_status', not changes.is_value_known)
        ) as found (problem, is_found)
    where found.is_found

),

orphans as (

    select
        changes.ticket_id,
        min(changes.source_name) as source_name,
        count(*) || ' changes' as detail
    from changes
    where
        not exists (
            select 1 from tickets
            where tickets.ticket_id = changes.ticket_id
        )
    group by changes.ticket_id

),

of_messages as (

    select
        messages.message_id as record_id,
        messages.ticket_id,
        messages.source_name,
        found.problem,
        messages.author_id as detail
    from messages
    cross join
        lateral (
            values
            ('unknown_author', messages.sender_type = 'unknown'),
            ('comment_before_creation', messages.is_before_creation),
            ('comment_without_ticket', not messages.is_ticket_known)
        ) as found (problem, is_found)
    where found.is_found

),

unioned as (

    select
        ticket_id as record_id,
        ticket_id,
        source_name,
        problem,
        detail
    from of_tickets
    union all
    select
        ticket_id as record_id,
        ticket_id,
        source_name,
        problem,
        detail
    from of_histories
    union all
    select
        record_id,
        ticket_id,
        source_name,
        problem,
        detail
    from of_changes
    union all
    select
        ticket_id as record_id,
        ticket_id,
        source_name,
        'history_without_ticket' as problem,
        detail
    from orphans
    union all
    select
        record_id,
        ticket_id,
        source_name,
        problem,
        detail
    from of_messages
    union all
    select
        targets.sla_target_id as record_id,
        targets.ticket_id,
        split_part(targets.ticket_id, '/', 1) as source_name,
        'unreadable_sla_target' as problem,
        targets.metric as detail
    from targets
    where not targets.is_readable

),

final as (

    select

        -- ids
        problem || '|' || record_id as ticket_problem_id,
        record_id,
        ticket_id,

        -- strings
        source_name,
        problem,
        detail,

        -- numerics
        pg_current_xact_id() as changed_xid

    from unioned

)

select * from final
