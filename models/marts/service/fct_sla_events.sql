{% set stay_clocks = {
    'requester_wait_time': ['new', 'open', 'hold'],
    'agent_work_time': ['new', 'open'],
    'total_resolution_time': ['new', 'open', 'pending', 'hold'],
    'pausable_update_time': ['new', 'open', 'hold'],
} %}

{{ config(
    unique_key='sla_event_id',
    indexes=[
        {'columns': ['ticket_id']},
        {'columns': ['is_running']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {'parent': 'int_sla_targets__counted', 'key': 'ticket_id'},
            {'parent': 'int_ticket_stays__counted', 'key': 'ticket_id'},
            {'parent': 'int_ticket_messages__unioned', 'key': 'ticket_id'},
            {'parent': 'int_ticket_calendars__counted', 'key': 'ticket_id'},
        ],
        'touched_key': 'ticket_id',
        'running': 'is_running',
        'quiet': ['elapsed_seconds', 'remaining_seconds'],
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

    select * from {{ ref('int_ticket_messages__unioned') }}
    {{ only_touched('ticket_id') }}

),

ticket_calendars as (

    select * from {{ ref('int_ticket_calendars__counted') }}
    {{ only_touched('ticket_id') }}

),

calendars as (

    select * from ticket_calendars
    where stay_number = 1

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

told as (

    select
        *,
        lag(is_withdrawn) over metric_targets as was_withdrawn
    from targets
    where is_readable
    window
        metric_targets as (
            partition by ticket_id, metric
            order by set_at asc, change_number asc
        )

),

settings as (

    -- each setting of a target with the one before it
    select
        *,
        lag(target_seconds) over metric_targets as previous_target_seconds,
        lag(is_business) over metric_targets as previous_is_business
    from told
    -- taken back twice is taken back once
    where not (is_withdrawn and coalesce(was_withdrawn, true))
    window
        metric_targets as (
            partition by ticket_id, metric
            order by set_at asc, change_number asc
        )

),

aimed as (

    -- the target in force when the clock stopped, or now
    select distinct on (clocks.ticket_id, clocks.metric, clocks.message_id)
        clocks.ticket_id,
        clocks.metric,
        clocks.message_id,
        clocks.is_let_go,
        clocks.started_at,
        clocks.ended_at,
        settings.policy_name,
        settings.priority,
        settings.is_withdrawn,
        settings.target_seconds,
        settings.previous_target_seconds,
        settings.previous_is_business,
        settings.is_business,
        settings.set_at
    from clocks
    inner join settings
        on
            clocks.ticket_id = settings.ticket_id
            and clocks.metric = settings.metric
            and (
                settings.set_at < coalesce(clocks.ended_at, {{ as_of() }})
                or settings.set_at <= clocks.started_at
            )
    order by
        clocks.ticket_id asc,
        clocks.metric asc,
        clocks.message_id asc,
        settings.set_at desc nulls last,
        settings.change_number desc nulls last

),

events as (

    select
        ticket_id || '/' || metric || coalesce('/' || message_id, '') as sla_event_id,
        ticket_id,
        metric,
        policy_name,
        priority,
        case when is_withdrawn then previous_target_seconds else target_seconds end
            as target_seconds,
        case when is_withdrawn then previous_is_business else is_business end
            as is_business,
        true as is_readable,
        is_let_go or is_withdrawn as is_let_go,
        started_at,
        case when is_withdrawn then set_at else ended_at end as ended_at
    from aimed
    where
        -- taken back before the clock began: never in force while it ran
        not is_withdrawn
        or (set_at > started_at and previous_target_seconds is not null)
    union all
    -- of a promise that nobody can read it is known that it was made
    select
        promised.ticket_id || '/' || promised.metric as sla_event_id,
        promised.ticket_id,
        promised.metric,
        null::text as policy_name,
        null::text as priority,
        null::bigint as target_seconds,
        null::boolean as is_business,
        false as is_readable,
        false as is_let_go,
        case
            when promised.metric = 'first_reply_time' then endings.created_at
            else greatest(promised.first_stated_at, endings.created_at)
        end as started_at,
        null::timestamptz as ended_at
    from promised
    inner join endings
        on promised.ticket_id = endings.ticket_id
    where
        not promised.is_readable
        and not (promised.metric = 'first_reply_time' and endings.is_opened_by_agent)

),

clocked as (

    select
        events.*,
        calendars.open_calendar_id,
        calendars.calendar_count,
        coalesce(events.ended_at, {{ as_of() }}) as counted_until
    from events
    left join calendars
        on events.ticket_id = calendars.ticket_id

),

parts as (

    -- the parts of its time in which a clock runs
    select
        sla_event_id,
        started_at as part_started_at,
        greatest(counted_until, started_at) as part_ended_at,
        null::bigint as known_open_seconds_at_start,
        null::bigint as known_open_seconds_at_end,
        ended_at is null as is_running_part,
        ticket_id,
        is_business
    from clocked
    where metric in ('first_reply_time', 'next_reply_time', 'periodic_update_time')
    union all
    select
        clocked.sla_event_id,
        greatest(clocked.started_at, stays.started_at) as part_started_at,
        greatest(
            least(
                clocked.counted_until,
                case
                    when stays.is_running then {{ as_of() }}
                    else stays.ended_at
                end
            ),
            clocked.started_at,
            stays.started_at
        ) as part_ended_at,
        case
            when stays.started_at >= clocked.started_at then stays.open_seconds_at_start
        end as known_open_seconds_at_start,
        case
            when not stays.is_running and stays.ended_at <= clocked.counted_until
                then stays.open_seconds_at_end
        end as known_open_seconds_at_end,
        clocked.ended_at is null and stays.is_last as is_running_part,
        clocked.ticket_id,
        clocked.is_business
    from clocked
    inner join stays
        on
            clocked.ticket_id = stays.ticket_id
            and stays.started_at < clocked.counted_until
            and (stays.ended_at is null or stays.ended_at > clocked.started_at)
    where
        {% for metric, categories in stay_clocks.items() %}
            {{ 'or ' if not loop.first }}clocked.metric = '{{ metric }}'
            and stays.status_category in ('{{ categories | join("', '") }}')
        {% endfor %}

),

-- written down, so that no look-up is made twice
measured as materialized (

    select
        parts.*,
        case
            when parts.is_business
                then
                    coalesce(
                        parts.known_open_seconds_at_start,
                        {{ ticket_open_seconds('calendars', 'parts.part_started_at') }}
                    )
        end as open_seconds_at_start,
        case
            when parts.is_business
                then
                    coalesce(
                        parts.known_open_seconds_at_end,
                        {{ ticket_open_seconds('calendars', 'parts.part_ended_at') }}
                    )
        end as open_seconds_at_end
    from parts
    left join calendars
        on parts.ticket_id = calendars.ticket_id

),

lengths as (

    select
        *,
        case
            when is_business
                then {{ open_seconds_between(
                    'open_seconds_at_start', 'open_seconds_at_end'
                ) }}
            else {{ seconds_between('part_started_at', 'part_ended_at') }}
        end as part_seconds
    from measured

),

run_up as (

    select
        *,
        sum(part_seconds) over event_parts as elapsed_after_part,
        row_number() over event_parts as part_number
    from lengths
    window
        event_parts as (
            partition by sla_event_id
            order by part_started_at asc, part_ended_at asc
            rows between unbounded preceding and current row
        )

),

summed as (

    select
        sla_event_id,
        sum(part_seconds)::bigint as elapsed_seconds,
        count(*) filter (where part_seconds is null) as uncounted_part_count,
        bool_or(is_running_part) as is_running_now
    from run_up
    group by sla_event_id

),

reached as (

    -- the part in which the target is reached, else the last
    select distinct on (run_up.sla_event_id)
        run_up.sla_event_id,
        run_up.part_started_at,
        run_up.open_seconds_at_start,
        clocked.target_seconds - (run_up.elapsed_after_part - run_up.part_seconds)
            as seconds_left_at_start
    from run_up
    inner join clocked
        on run_up.sla_event_id = clocked.sla_event_id
    order by
        run_up.sla_event_id asc,
        (run_up.elapsed_after_part >= clocked.target_seconds) desc,
        case
            when run_up.elapsed_after_part >= clocked.target_seconds
                then run_up.part_number
            else -run_up.part_number
        end asc

),

dated as (

    select
        clocked.*,
        case
            when not clocked.is_readable then 'target_unreadable'
            when
                not endings.are_stays_known
                and clocked.metric in ('{{ stay_clocks | join("', '") }}')
                then 'no_status_history'
            when
                clocked.is_business
                and (
                    summed.uncounted_part_count > 0
                    or summed.sla_event_id is null
                    and {{ ticket_open_seconds('clocked', 'clocked.started_at') }} is null
                )
                then 'no_calendar'
        end as event_reason,
        coalesce(summed.elapsed_seconds, 0) as counted_seconds,
        coalesce(summed.is_running_now, false) as is_running_now,
        -- a clock that never ran would run from its start
        coalesce(reached.part_started_at, clocked.started_at) as counts_from,
        coalesce(reached.seconds_left_at_start, clocked.target_seconds)
            as seconds_left,
        case
            when clocked.is_business
                then
                    coalesce(
                        reached.open_seconds_at_start,
                        {{ ticket_open_seconds('clocked', 'clocked.started_at') }}
                    )
        end as open_seconds_from
    from clocked
    inner join endings
        on clocked.ticket_id = endings.ticket_id
    left join summed
        on clocked.sla_event_id = summed.sla_event_id
    left join reached
        on clocked.sla_event_id = reached.sla_event_id

),

ruled as (

    select
        *,
        counted_seconds > target_seconds as is_breached,
        counted_seconds >= target_seconds as is_used_up,
        case
            when is_business
                then
                    greatest(
                        counts_from,
                        {{ ticket_open_moment(
                            'dated', '(open_seconds_from + seconds_left)'
                        ) }}
                    )
            else counts_from + seconds_left * interval '1 second'
        end as target_reached_at
    from dated

),

final as (

    select

        -- ids
        ruled.sla_event_id,
        ruled.ticket_id,
        tickets.source_ticket_id,

        -- strings
        tickets.source_name,
        tickets.channel,
        tickets.queue_name,
        ruled.metric,
        ruled.policy_name,
        ruled.priority,
        case
            when ruled.event_reason is not null then null
            when ruled.is_breached then 'breached'
            when ruled.ended_at is not null and ruled.is_let_go then 'cancelled'
            when ruled.ended_at is not null then 'met'
            when ruled.counted_seconds >= 0.8 * ruled.target_seconds then 'at_risk'
            else 'active'
        end as state,
        coalesce(
            ruled.event_reason,
            case
                when ruled.ended_at is null and not ruled.is_running_now
                    and not ruled.is_used_up then 'paused'
            end
        ) as event_reason,

        -- numerics
        ruled.target_seconds,
        case when ruled.event_reason is null then ruled.counted_seconds end
            as elapsed_seconds,
        case
            when ruled.event_reason is null
                then ruled.target_seconds - ruled.counted_seconds
        end as remaining_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        ruled.is_business,
        ruled.ended_at is null and tickets.is_live as is_running,

        -- timestamps
        ruled.started_at as applied_at,
        case
            when ruled.event_reason is null
                and (
                    ruled.is_used_up
                    or ruled.is_running_now
                    or ruled.ended_at is not null
                )
                then ruled.target_reached_at
        end as due_at,
        case
            when ruled.event_reason is null and ruled.is_breached
                then ruled.target_reached_at
        end as breached_at,
        ruled.ended_at

    from ruled
    inner join tickets
        on ruled.ticket_id = tickets.ticket_id

)

select * from final
