{{ config(
    unique_key='reconciliation_id',
    indexes=[
        {'columns': ['ticket_id']},
        {'columns': ['figure', 'difference_reason']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_tickets', 'key': 'ticket_id'},
            {'parent': 'fct_ticket_history', 'key': 'ticket_id'},
            {'parent': 'fct_sla_events', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

tickets as (

    select * from {{ ref('fct_tickets') }}
    {{ only_touched('ticket_id') }}

),

history as (

    select * from {{ ref('fct_ticket_history') }}
    {{ only_touched('ticket_id') }}

),

sla_events as (

    select * from {{ ref('fct_sla_events') }}
    {{ only_touched('ticket_id') }}

),

compared_tickets as (

    -- only sources that carry figures of their own
    select * from tickets
    where
        num_nonnulls(vendor_reopen_count, vendor_reassignment_count, is_vendor_sla_met)
        > 0

),

begun as (

    select
        history.ticket_id,
        min(history.valid_from) as first_changed_at
    from history
    inner join compared_tickets
        on history.ticket_id = compared_tickets.ticket_id
    group by history.ticket_id

),

reassigned as (

    -- the vendor counts each change of group after the first state, the group that an
    -- incident without one is given included
    select
        begun.ticket_id,
        count(*) as reassignment_count
    from begun
    inner join history
        on
            begun.ticket_id = history.ticket_id
            and begun.first_changed_at < history.valid_from
    where history.field_name = 'group'
    group by begun.ticket_id

),

promised as (

    select
        ticket_id,
        bool_and(state in ('met', 'active', 'at_risk')) as is_sla_met
    from sla_events
    where state is not null and state <> 'cancelled'
    group by ticket_id

),

figures as (

    select
        compared_tickets.ticket_id,
        compared_tickets.source_name,
        figure.figure,
        figure.our_count,
        figure.vendor_count
    from compared_tickets
    left join reassigned
        on compared_tickets.ticket_id = reassigned.ticket_id
    left join promised
        on compared_tickets.ticket_id = promised.ticket_id
    cross join lateral (
        values
        (
            'reopen_count',
            compared_tickets.reopen_count,
            compared_tickets.vendor_reopen_count::bigint
        ),
        (
            'reassignment_count',
            coalesce(reassigned.reassignment_count, 0),
            compared_tickets.vendor_reassignment_count::bigint
        ),
        (
            'is_sla_met',
            promised.is_sla_met::integer::bigint,
            compared_tickets.is_vendor_sla_met::integer::bigint
        )
    ) as figure (figure, our_count, vendor_count)

),

final as (

    select

        -- ids
        ticket_id || '|' || figure as reconciliation_id,
        ticket_id,

        -- strings
        source_name,
        figure,
        case
            when vendor_count is null then 'vendor_does_not_say'
            when our_count is null then 'no_target_known'
            when our_count = vendor_count then 'equal'
            when figure = 'is_sla_met' then 'judged_differently'
            when our_count < vendor_count then 'change_missing_from_history'
            else 'change_not_counted_by_vendor'
        end as difference_reason,

        -- numerics
        our_count,
        vendor_count,
        our_count - vendor_count as difference_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(our_count = vendor_count, false) as is_equal

    from figures

)

select * from final
