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
            {'parent': 'int_sla_clocks__counted', 'key': 'ticket_id'},
            {'parent': 'int_sla_targets__counted', 'key': 'ticket_id'},
            {'parent': 'int_ticket_stays__counted', 'key': 'ticket_id'},
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

clocks as (

    select * from {{ ref('int_sla_clocks__counted') }}
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

ticket_calendars as (

    select * from {{ ref('int_ticket_calendars__counted') }}
    {{ only_touched('ticket_id') }}

),

calendars as (

    select * from ticket_calendars
    where stay_number = 1

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
    select distinct on (clocks.sla_clock_id)
        clocks.sla_clock_id,
        clocks.ticket_id,
        clocks.metric,
        clocks.is_let_go,
        clocks.is_target_readable,
        clocks.are_stays_known,
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
    left join settings
        on
            clocks.ticket_id = settings.ticket_id
            and clocks.metric = settings.metric
            and (
                coalesce(clocks.ended_at, {{ as_of() }}) > settings.set_at
                or clocks.started_at >= settings.set_at
            )
    order by
        clocks.sla_clock_id asc,
        settings.set_at desc nulls last,
        settings.change_number desc nulls last

),

events as (

    select
        sla_clock_id as sla_event_id,
        ticket_id,
        metric,
        policy_name,
        priority,
        case when is_withdrawn then previous_target_seconds else target_seconds end
            as target_seconds,
        case when is_withdrawn then previous_is_business else is_business end
            as is_business,
        is_target_readable,
        are_stays_known,
        is_let_go or coalesce(is_withdrawn, false) as is_let_go,
        started_at,
        case when is_withdrawn then set_at else ended_at end as ended_at
    from aimed
    where
        not is_target_readable
        -- taken back before the clock began: never in force while it ran
        or not is_withdrawn
        or (set_at > started_at and previous_target_seconds is not null)

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

counted_categories as (

    -- in which statuses the clocks of a ticket's stays run
    select
        counted.metric,
        counted.status_category
    from (
        values
        ('requester_wait_time', 'new'),
        ('requester_wait_time', 'open'),
        ('requester_wait_time', 'hold'),
        ('agent_work_time', 'new'),
        ('agent_work_time', 'open'),
        ('total_resolution_time', 'new'),
        ('total_resolution_time', 'open'),
        ('total_resolution_time', 'pending'),
        ('total_resolution_time', 'hold'),
        ('pausable_update_time', 'new'),
        ('pausable_update_time', 'open'),
        ('pausable_update_time', 'hold')
    ) as counted (metric, status_category)

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
    inner join counted_categories
        on clocked.metric = counted_categories.metric
    inner join stays
        on
            clocked.ticket_id = stays.ticket_id
            and counted_categories.status_category = stays.status_category
            and clocked.counted_until > stays.started_at
            and (stays.ended_at is null or clocked.started_at < stays.ended_at)

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
            when not clocked.is_target_readable then 'target_unreadable'
            when
                not clocked.are_stays_known
                and clocked.metric in (
                    select counted_categories.metric from counted_categories
                )
                then 'no_status_history'
            when
                clocked.is_business
                and (
                    summed.uncounted_part_count > 0
                    or (
                        summed.sla_event_id is null
                        and ({{ ticket_open_seconds('clocked', 'clocked.started_at') }})
                        is null
                    )
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
    left join summed
        on clocked.sla_event_id = summed.sla_event_id
    left join reached
        on clocked.sla_event_id = reached.sla_event_id

),

ruled as (

    select
        dated.*,
        dated.counted_seconds > dated.target_seconds as is_breached,
        dated.counted_seconds >= dated.target_seconds as is_used_up,
        case
            when dated.is_business
                then
                    greatest(
                        dated.counts_from,
                        {{ ticket_open_moment(
                            'dated', '(dated.open_seconds_from + dated.seconds_left)'
                        ) }}
                    )
            else dated.counts_from + dated.seconds_left * interval '1 second'
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
