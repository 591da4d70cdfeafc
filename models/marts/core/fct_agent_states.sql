{# a stay that nobody ended counts for no more than this #}
{% set longest_open_stay = "interval '24 hours'" %}

{{ config(
    unique_key='agent_state_date_id',
    indexes=[
        {'columns': ['state_id']},
        {'columns': ['agent_id', 'ended_at_reason']},
        {'columns': ['agent_date_id']},
        {'columns': ['is_running']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_agent_states__cleaned', 'key': 'state_id'},
            {
                'parent': 'int_agent_states__cleaned',
                'key': 'agent_id',
                'each': 'unnest(array(
                    select assumed.state_id from :this as assumed
                    where assumed.agent_id = fresh_key
                        and assumed.ended_at_reason is not null
                ))',
            },
            {
                'parent': 'int_agent_states__cleaned',
                'key': 'state_id',
                'each': 'unnest(array(
                    select assumed.state_id from :this as former
                    inner join :this as assumed on former.agent_id = assumed.agent_id
                    where former.state_id = fresh_key
                        and assumed.ended_at_reason is not null
                ))',
            },
        ],
        'touched_key': 'state_id',
        'running': 'is_running',
        'moves': ['agent_date_id'],
    }
) }}

with

states as (

    select * from {{ ref('int_agent_states__cleaned') }}
    {{ only_touched('state_id') }}

),

-- imported anew: of all stays, the one that follows a stay without an end
all_states as (

    select * from {{ ref('int_agent_states__cleaned') }}

),

kinds as (

    select * from {{ ref('seed_agent_states') }}

),

followed as (

    select
        states.state_id,
        states.agent_id,
        states.agent_state,
        states.channel,
        states.started_at,
        states.ended_at as said_ended_at,
        coalesce(kinds.state_kind, 'other') as state_kind,
        next_states.started_at as next_started_at,
        states.started_at + {{ longest_open_stay }} as longest_ended_at
    from states
    left join kinds
        on states.agent_state = kinds.agent_state
    left join
        lateral (
            select all_states.started_at
            from all_states
            where
                states.ended_at is null
                and all_states.agent_id = states.agent_id
                and all_states.started_at > states.started_at
            order by all_states.started_at asc
            limit 1
        ) as next_states
        on true
    where states.started_at is not null

),

ended as (

    select
        *,
        coalesce(
            said_ended_at,
            greatest(
                started_at,
                least(next_started_at, longest_ended_at, {{ as_of() }})
            )
        ) as ended_at,
        case
            when said_ended_at is not null then null
            when least(next_started_at, longest_ended_at) > {{ as_of() }} then 'running'
            when next_started_at <= longest_ended_at then 'next_state'
            else 'longest_open_stay'
        end as ended_at_reason
    from followed

),

parted as (

    select
        ended.state_id,
        ended.agent_id,
        ended.agent_state,
        ended.channel,
        ended.state_kind,
        ended.ended_at_reason,
        day.calendar_day::date as calendar_date,
        greatest(ended.started_at, {{ business_midnight('day.calendar_day') }})
            as started_at,
        least(
            ended.ended_at,
            {{ business_midnight("day.calendar_day + interval '1 day'") }}
        ) as ended_at
    from ended
    cross join lateral generate_series(
        {{ business_date('ended.started_at') }}::timestamp,
        -- what ends at midnight has no part in the new day
        {{ business_date("greatest(
            ended.started_at, ended.ended_at - interval '1 microsecond'
        )") }}::timestamp,
        interval '1 day'
    ) as day (calendar_day)

),

final as (

    select

        -- ids
        state_id || '|' || calendar_date as agent_state_date_id,
        state_id,
        agent_id,
        agent_id || '|' || calendar_date as agent_date_id,

        -- strings
        agent_state,
        state_kind,
        channel,
        ended_at_reason,

        -- numerics
        {{ seconds_between('started_at', 'ended_at') }} as state_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(ended_at_reason = 'running', false) as is_running,

        -- dates
        calendar_date,

        -- timestamps
        started_at,
        ended_at

    from parted

)

select * from final
