{{ config(
    unique_key='ticket_id',
    indexes=[
        {'columns': ['source_name', 'source_ticket_id']},
        {'columns': ['requester_id']},
        {'columns': ['customer_id']},
        {'columns': ['created_at']},
        {'columns': ['is_live']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {'parent': 'fct_ticket_status_spans', 'key': 'ticket_id'},
            {'parent': 'int_ticket_stays__counted', 'key': 'ticket_id'},
            {'parent': 'int_ticket_messages__unioned', 'key': 'ticket_id'},
            {'parent': 'fct_replies', 'key': 'ticket_id'},
            {
                'parent': 'int_ticket_changes__unioned',
                'key': 'ticket_id',
                'where': "field_name in ('assignee', 'group', 'satisfaction')",
            },
            {'parent': 'int_ticket_calendars__counted', 'key': 'ticket_id'},
            {
                'parent': 'int_records__resolved',
                'key': "substr(record_id, 8)",
                'where': "starts_with(record_id, 'ticket:')",
            },
        ],
        'running': 'is_live',
        'moves': ['customer_id'],
        'quiet': [
            'customer_id',
            'requester_wait_seconds',
            'requester_wait_business_seconds',
            'requester_wait_last_calendar_business_seconds',
            'agent_wait_seconds',
            'agent_wait_business_seconds',
            'agent_work_seconds',
            'agent_work_business_seconds',
            'agent_work_last_calendar_business_seconds',
            'on_hold_seconds',
            'on_hold_business_seconds',
        ],
    }
) }}

with

tickets as (

    select * from {{ ref('int_tickets__unioned') }}
    {{ only_touched('ticket_id') }}

),

records as (

    select * from {{ ref('int_records__resolved') }}

),

spans as (

    select * from {{ ref('fct_ticket_status_spans') }}
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

replies as (

    select * from {{ ref('fct_replies') }}
    {{ only_touched('ticket_id') }}

),

changes as (

    select * from {{ ref('int_ticket_changes__unioned') }}
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

waits as (

    select
        ticket_id,
        bool_and(is_history_known) as is_history_known,
        bool_or(is_cut_off) as is_cut_off,
        {% for wait, in_wait in [
            ('requester_wait', "waiting_side = 'requester'"),
            ('agent_wait', "waiting_side = 'agent'"),
            ('agent_work', "status_category in ('new', 'open')"),
            ('on_hold', "status_category = 'hold'"),
        ] %}
            {% for measure in ['', '_business', '_last_calendar_business'] %}
                -- a part that is not counted leaves the whole unknown
                case
                    when
                        count(*) filter (where {{ in_wait }})
                        = count(span{{ measure }}_seconds) filter (
                            where {{ in_wait }}
                        )
                        then
                            coalesce(
                                sum(span{{ measure }}_seconds) filter (
                                    where {{ in_wait }}
                                ),
                                0
                            )
                end::bigint as {{ wait }}{{ measure }}_seconds,
            {% endfor %}
        {% endfor %}
        count(*) filter (where is_reopening) as reopen_count
    from spans
    group by ticket_id

),

resolutions as (

    select
        ticket_id,
        min(open_seconds_at_start) filter (where stay_number = 1)
            as open_seconds_at_creation,
        min(last_calendar_seconds_at_start) filter (where stay_number = 1)
            as last_calendar_seconds_at_creation,
        (
            array_agg(open_seconds_at_start order by stay_number asc)
            filter (where is_resolution)
        )[1] as open_seconds_at_first,
        (
            array_agg(open_seconds_at_start order by stay_number desc)
            filter (where is_resolution)
        )[1] as open_seconds_at_last,
        (
            array_agg(last_calendar_seconds_at_start order by stay_number desc)
            filter (where is_resolution)
        )[1] as last_calendar_seconds_at_last,
        min(started_at) as created_at,
        min(started_at) filter (where is_resolution) as first_resolved_at,
        max(started_at) filter (where is_resolution) as last_resolved_at
    from stays
    group by ticket_id

),

resolved as (

    select
        ticket_id,
        first_resolved_at,
        last_resolved_at,
        {{ seconds_between('created_at', 'first_resolved_at') }}
            as first_resolution_seconds,
        {{ open_seconds_between('open_seconds_at_creation', 'open_seconds_at_first') }}
            as first_resolution_business_seconds,
        {{ seconds_between('created_at', 'last_resolved_at') }}
            as full_resolution_seconds,
        {{ open_seconds_between('open_seconds_at_creation', 'open_seconds_at_last') }}
            as full_resolution_business_seconds,
        last_calendar_seconds_at_last - last_calendar_seconds_at_creation
            as full_resolution_last_calendar_business_seconds
    from resolutions

),

written as (

    select
        ticket_id,
        count(*) as message_count,
        count(*) filter (where is_customer_public) as customer_message_count,
        count(*) filter (where not is_public) as internal_note_count,
        max(sent_at) as last_message_at
    from messages
    group by ticket_id

),

replied as (

    select
        ticket_id,
        count(*) as public_agent_reply_count,
        count(reply_seconds) as timed_reply_count,
        sum(reply_seconds)::bigint as total_reply_seconds,
        sum(reply_business_seconds)::bigint as total_reply_business_seconds,
        min(reply_seconds) filter (where is_first_reply) as first_reply_seconds,
        min(reply_business_seconds) filter (where is_first_reply)
            as first_reply_business_seconds,
        min(replied_at) as first_reply_at,
        count(distinct agent_id) as replying_agent_count
    from replies
    group by ticket_id

),

held as (

    select
        ticket_id,
        field_name,
        change_number,
        case
            when field_name <> 'satisfaction' then field_value
            when field_value ilike 'good%' or field_value in ('4', '5') then 'good'
            when field_value ilike 'bad%' or field_value in ('1', '2') then 'bad'
        end as held_value,
        case
            when field_name <> 'satisfaction' then null
            when field_value ilike 'good%' then 5
            when field_value ilike 'bad%' then 1
            when field_value ~ '^[1-5]$' then field_value::integer
        end as csat_score,
        field_name = 'satisfaction' and field_value ilike 'offered%' as is_offer,
        changed_at
    from changes
    where field_name in ('assignee', 'group', 'satisfaction')

),

followed as (

    -- an owner taken away and given back is no change of owner
    select
        *,
        lag(held_value) over (
            partition by ticket_id, field_name
            order by change_number asc
        ) as previous_value
    from held
    where held_value is not null

),

stations as (

    select
        ticket_id,
        count(*) filter (
            where
            field_name = 'assignee'
            and held_value is distinct from previous_value
        ) as agent_station_count,
        count(*) filter (where field_name = 'assignee' and held_value <> previous_value)
            as handoff_count,
        count(distinct held_value) filter (where field_name = 'assignee')
            as distinct_agent_count,
        min(changed_at) filter (where field_name = 'assignee') as first_assigned_at,
        count(*) filter (
            where field_name = 'group' and held_value is distinct from previous_value
        ) as group_station_count,
        coalesce(
            bool_or(held_value = 'bad' and previous_value = 'good') filter (
                where field_name = 'satisfaction'
            ),
            false
        ) as is_good_to_bad,
        coalesce(
            bool_or(held_value = 'good' and previous_value = 'bad') filter (
                where field_name = 'satisfaction'
            ),
            false
        ) as is_bad_to_good
    from followed
    group by ticket_id

),

scores as (

    select
        ticket_id,
        bool_or(is_offer or csat_score is not null) as is_csat_offered,
        (
            array_agg(csat_score order by change_number asc)
            filter (where csat_score is not null)
        ) as csat_scores
    from held
    where field_name = 'satisfaction'
    group by ticket_id

),

joined as (

    select
        tickets.*,
        waits.is_history_known
        or not tickets.status_category in ('solved', 'closed')
            as are_waits_known,
        case
            when tickets.is_opened_by_agent then 'opened_by_agent'
            when replied.public_agent_reply_count is null then 'no_reply'
        end as first_reply_reason,
        case
            when tickets.is_live then 'open'
            when not waits.is_history_known then 'no_status_history'
            when waits.is_cut_off then 'history_incomplete'
            when resolved.last_resolved_at is null then 'history_incomplete'
        end as resolution_reason
    from tickets
    left join waits
        on tickets.ticket_id = waits.ticket_id
    left join resolved
        on tickets.ticket_id = resolved.ticket_id
    left join replied
        on tickets.ticket_id = replied.ticket_id

),

final as (

    select

        -- ids
        joined.ticket_id,
        joined.source_ticket_id,
        joined.requester_id,
        records.customer_id,
        joined.submitter_id,
        joined.agent_id,
        joined.group_id,
        joined.brand_id,
        joined.organization_id,
        joined.interaction_id,

        -- strings
        joined.source_name,
        joined.channel,
        joined.queue_name,
        joined.brand_name,
        joined.organization_name,
        joined.subject,
        joined.status,
        joined.status_category,
        joined.priority,
        joined.ticket_type,
        joined.topic,
        joined.tags,
        case
            when joined.status_category not in ('solved', 'closed') then null
            when coalesce(replied.public_agent_reply_count, 0) >= 3 then '3+'
            else coalesce(replied.public_agent_reply_count, 0)::text
        end as touch_class,
        joined.first_reply_reason,
        joined.resolution_reason,
        case when not joined.are_waits_known then 'no_status_history' end
            as wait_reason,
        case
            when
                (
                    joined.first_reply_reason is null
                    and replied.first_reply_business_seconds is null
                )
                or (
                    joined.resolution_reason is null
                    and num_nulls(
                        resolved.first_resolution_business_seconds,
                        resolved.full_resolution_business_seconds
                    ) > 0
                )
                or (
                    joined.are_waits_known
                    and num_nulls(
                        waits.requester_wait_business_seconds,
                        waits.agent_wait_business_seconds
                    ) > 0
                )
                then 'no_calendar'
        end as business_reason,

        -- numerics
        case
            when joined.first_reply_reason is null then replied.first_reply_seconds
        end as first_reply_seconds,
        case
            when joined.first_reply_reason is null
                then replied.first_reply_business_seconds
        end as first_reply_business_seconds,
        replied.total_reply_seconds,
        replied.total_reply_business_seconds,
        {% for figure in [
            'first_resolution_seconds',
            'first_resolution_business_seconds',
            'full_resolution_seconds',
            'full_resolution_business_seconds',
            'full_resolution_last_calendar_business_seconds',
        ] %}
            case when joined.resolution_reason is null then resolved.{{ figure }} end
                as {{ figure }},
        {% endfor %}
        {% for wait in ['requester_wait', 'agent_wait', 'agent_work', 'on_hold'] %}
            case when joined.are_waits_known then waits.{{ wait }}_seconds end
                as {{ wait }}_seconds,
            case
                when joined.are_waits_known then waits.{{ wait }}_business_seconds
            end as {{ wait }}_business_seconds,
            {% if wait in ['requester_wait', 'agent_work'] %}
                case
                    when joined.are_waits_known
                        then waits.{{ wait }}_last_calendar_business_seconds
                end as {{ wait }}_last_calendar_business_seconds,
            {% endif %}
        {% endfor %}
        coalesce(replied.public_agent_reply_count, 0) as public_agent_reply_count,
        coalesce(replied.timed_reply_count, 0) as timed_reply_count,
        coalesce(replied.replying_agent_count, 0) as replying_agent_count,
        coalesce(written.message_count, 0) as message_count,
        coalesce(written.customer_message_count, 0) as customer_message_count,
        coalesce(written.internal_note_count, 0) as internal_note_count,
        coalesce(waits.reopen_count, 0) as reopen_count,
        coalesce(stations.handoff_count, 0) as handoff_count,
        coalesce(stations.agent_station_count, 0) as agent_station_count,
        coalesce(stations.distinct_agent_count, 0) as distinct_agent_count,
        coalesce(stations.group_station_count, 0) as group_station_count,
        coalesce(calendars.calendar_count, 0) as calendar_count,
        scores.csat_scores[1] as first_csat_score,
        scores.csat_scores[array_upper(scores.csat_scores, 1)] as csat_score,
        joined.vendor_reopen_count,
        joined.vendor_reassignment_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        joined.is_live,
        joined.is_deleted,
        joined.is_opened_by_agent,
        joined.is_requester_known,
        joined.is_vendor_sla_met,
        coalesce(scores.is_csat_offered, false) as is_csat_offered,
        coalesce(stations.is_good_to_bad, false) as is_good_to_bad,
        coalesce(stations.is_bad_to_good, false) as is_bad_to_good,

        -- dates
        {{ business_date('joined.created_at') }} as created_date,
        {{ business_date('resolved.last_resolved_at') }} as resolved_date,

        -- timestamps
        joined.created_at,
        joined.updated_at,
        stations.first_assigned_at,
        replied.first_reply_at,
        resolved.first_resolved_at,
        resolved.last_resolved_at,
        written.last_message_at

    from joined
    left join records
        on 'ticket:' || joined.ticket_id = records.record_id
    left join waits
        on joined.ticket_id = waits.ticket_id
    left join resolved
        on joined.ticket_id = resolved.ticket_id
    left join replied
        on joined.ticket_id = replied.ticket_id
    left join written
        on joined.ticket_id = written.ticket_id
    left join stations
        on joined.ticket_id = stations.ticket_id
    left join scores
        on joined.ticket_id = scores.ticket_id
    left join calendars
        on joined.ticket_id = calendars.ticket_id

)

select * from final
