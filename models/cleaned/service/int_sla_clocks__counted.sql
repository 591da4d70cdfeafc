{{ config(
    unique_key='sla_clock_id',
    indexes=[
        {'columns': ['sla_clock_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {'parent': 'int_sla_targets__counted', 'key': 'ticket_id'},
            {'parent': 'int_ticket_stays__counted', 'key': 'ticket_id'},
            {'parent': 'int_ticket_messages__unioned', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

tickets as (

    select * from {{ ref('int_tickets__unioned') }}
    {{ only_touched('ticket_id') }}

),

targets as (

    select * from {{ ref('int_sla_targets__counted') }}
    {{ only_touched('ticket_id') }}

),

stays as (

    select * from {{ ref('int_ticket_stays__counted') }}
    {{ only_touched('ticket_id') }}

),

messages as (

    -- read twice, so written down: without the texts
    select
        message_id,
        ticket_id,
        message_number,
        reply_count_before,
        is_customer_public,
        is_reply,
        is_opening,
        sent_at,
        counted_at
    from {{ ref('int_ticket_messages__unioned') }}
    {{ only_touched('ticket_id') }}

),

promised as (

    -- the metrics that a ticket was ever promised
    select
        ticket_id,
        metric,
        bool_or(is_readable) as is_readable,
        min(set_at) filter (where target_seconds is not null) as first_set_at,
        min(set_at) as first_stated_at
    from targets
    group by ticket_id, metric
    having bool_or(target_seconds is not null) or not bool_or(is_readable)

),

promised_tickets as (

    select
        ticket_id,
        bool_or(metric = 'first_reply_time') as has_first_reply,
        bool_or(metric = 'next_reply_time') as has_next_reply,
        bool_or(metric = 'periodic_update_time') as has_periodic_update,
        bool_or(metric = 'pausable_update_time') as has_pausable_update
    from promised
    group by ticket_id

),

last_stays as (

    select
        ticket_id,
        bool_and(is_history_known) as is_history_known,
        max(started_at) filter (where is_resolution) as last_resolved_at,
        bool_or(is_last and is_resolved) as is_resolved,
        max(ended_at) filter (where is_last) as last_ended_at
    from stays
    group by ticket_id

),

first_replies as (

    select
        ticket_id,
        min(counted_at) as first_reply_at
    from messages
    where is_reply
    group by ticket_id

),

endings as (

    -- when a ticket was finished, for what the customer waits for and for its stays
    select
        tickets.ticket_id,
        tickets.is_live,
        tickets.is_opened_by_agent,
        tickets.created_at,
        tickets.is_live or last_stays.is_history_known as are_stays_known,
        last_stays.last_resolved_at,
        greatest(tickets.updated_at, tickets.created_at) as last_seen_at,
        case
            when tickets.is_live then null
            when not last_stays.is_history_known
                then greatest(tickets.updated_at, tickets.created_at)
            when last_stays.is_resolved then last_stays.last_resolved_at
            else last_stays.last_ended_at
        end as stays_ended_at,
        tickets.is_deleted and not last_stays.is_resolved as is_dropped
    from tickets
    inner join last_stays
        on tickets.ticket_id = last_stays.ticket_id

),

-- what happens on a ticket, in order: the customer, then a move, then the agent
happenings as (

    select
        messages.ticket_id,
        messages.message_id,
        case
            -- what came before the ticket counts at its creation, in its own order
            when messages.sent_at < messages.counted_at then 0
            when messages.is_customer_public then 1
            else 3
        end as happening_rank,
        messages.message_number,
        messages.is_customer_public,
        messages.is_customer_public
        and (messages.reply_count_before > 0 or endings.is_opened_by_agent)
            as may_ask_again,
        messages.is_reply,
        messages.is_reply or messages.is_opening as is_update,
        0 as solved_change,
        messages.counted_at as happened_at
    from messages
    inner join promised_tickets
        on messages.ticket_id = promised_tickets.ticket_id
    inner join endings
        on messages.ticket_id = endings.ticket_id
    where
        (messages.is_customer_public or messages.is_reply or messages.is_opening)
        and (
            promised_tickets.has_next_reply
            or promised_tickets.has_periodic_update
            or promised_tickets.has_pausable_update
        )
    union all
    select
        stays.ticket_id,
        null::text as message_id,
        2 as happening_rank,
        stays.stay_number as message_number,
        false as is_customer_public,
        false as may_ask_again,
        false as is_reply,
        false as is_update,
        case when stays.is_resolution then 1 else -1 end as solved_change,
        stays.started_at as happened_at
    from stays
    inner join promised_tickets
        on stays.ticket_id = promised_tickets.ticket_id
    where
        (stays.is_resolution or stays.is_reopening)
        and (
            promised_tickets.has_next_reply
            or promised_tickets.has_periodic_update
            or promised_tickets.has_pausable_update
        )

),

followed as (

    select
        *,
        sum(solved_change) over before as solved_count,
        -- nobody waits after a reply or a solve
        count(*) filter (where is_reply or solved_change = 1) over before
            as stretch_number,
        min(happened_at) filter (where is_reply) over after as next_reply_at,
        min(happened_at) filter (where is_update) over after as next_update_at,
        min(happened_at) filter (where solved_change = 1) over at_or_after
            as next_resolved_at
    from happenings
    window
        ticket as (
            partition by ticket_id
            order by happened_at asc, happening_rank asc, message_number asc
        ),
        before as (ticket rows between unbounded preceding and current row),
        after as (ticket rows between 1 following and unbounded following),
        at_or_after as (
            partition by ticket_id
            order by happened_at asc
            range between current row and unbounded following
        )

),

asked as (

    select
        *,
        row_number() over (
            partition by ticket_id, stretch_number, may_ask_again
            order by happened_at asc, message_number asc
        ) as question_number
    from followed

),

clocks as (

    select
        endings.ticket_id,
        'first_reply_time' as metric,
        null::text as message_id,
        -- a reply is what was promised; a ticket finished without one was let go
        first_replies.first_reply_at is null as is_let_go,
        endings.created_at as started_at,
        case
            when first_replies.first_reply_at is not null
                then first_replies.first_reply_at
            when not endings.is_live
                then coalesce(endings.last_resolved_at, endings.last_seen_at)
        end as ended_at
    from endings
    inner join promised_tickets
        on endings.ticket_id = promised_tickets.ticket_id
    left join first_replies
        on endings.ticket_id = first_replies.ticket_id
    where promised_tickets.has_first_reply and not endings.is_opened_by_agent
    union all
    select
        asked.ticket_id,
        'next_reply_time' as metric,
        asked.message_id,
        not coalesce(
            asked.next_reply_at
            <= coalesce(asked.next_resolved_at, 'infinity'::timestamptz),
            false
        ) as is_let_go,
        asked.happened_at as started_at,
        coalesce(
            least(asked.next_reply_at, asked.next_resolved_at),
            case when not endings.is_live then asked.happened_at end
        ) as ended_at
    from asked
    inner join endings
        on asked.ticket_id = endings.ticket_id
    where asked.may_ask_again and asked.question_number = 1
    union all
    select
        asked.ticket_id,
        update_metrics.metric,
        asked.message_id,
        -- solving ends the need for news
        coalesce(asked.next_update_at, asked.next_resolved_at) is null as is_let_go,
        asked.happened_at as started_at,
        coalesce(
            least(asked.next_update_at, asked.next_resolved_at),
            case
                when not endings.is_live
                    then greatest(endings.last_seen_at, asked.happened_at)
            end
        ) as ended_at
    from asked
    inner join endings
        on asked.ticket_id = endings.ticket_id
    cross join (
        values ('periodic_update_time'), ('pausable_update_time')
    ) as update_metrics (metric)
    where
        asked.is_update
        and asked.solved_count <= 0
        and endings.are_stays_known
    union all
    select
        promised.ticket_id,
        promised.metric,
        null::text as message_id,
        endings.is_dropped as is_let_go,
        greatest(promised.first_set_at, endings.created_at) as started_at,
        endings.stays_ended_at as ended_at
    from promised
    inner join endings
        on promised.ticket_id = endings.ticket_id
    where
        promised.metric in (
            'requester_wait_time', 'agent_work_time', 'total_resolution_time'
        )
        and promised.first_set_at is not null
        -- promised when all was over
        and (
            endings.stays_ended_at is null
            or promised.first_set_at <= endings.stays_ended_at
        )

),

unioned as (

    select
        *,
        true as is_target_readable
    from clocks
    union all
    -- of a promise that nobody can read it is known that it was made
    select
        promised.ticket_id,
        promised.metric,
        null::text as message_id,
        false as is_let_go,
        case
            when promised.metric = 'first_reply_time' then endings.created_at
            else greatest(promised.first_stated_at, endings.created_at)
        end as started_at,
        null::timestamptz as ended_at,
        false as is_target_readable
    from promised
    inner join endings
        on promised.ticket_id = endings.ticket_id
    where
        not promised.is_readable
        and not (promised.metric = 'first_reply_time' and endings.is_opened_by_agent)

),

final as (

    select

        -- ids
        unioned.ticket_id || '/' || unioned.metric
        || coalesce('/' || unioned.message_id, '') as sla_clock_id,
        unioned.ticket_id,

        -- strings
        unioned.metric,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        unioned.is_let_go,
        unioned.is_target_readable,
        endings.are_stays_known,

        -- timestamps
        unioned.started_at,
        unioned.ended_at

    from unioned
    inner join endings
        on unioned.ticket_id = endings.ticket_id
    inner join promised
        on
            unioned.ticket_id = promised.ticket_id
            and unioned.metric = promised.metric
            and unioned.is_target_readable = promised.is_readable

)

select * from final
