{{ config(
    unique_key='agent_shift_date_id',
    indexes=[
        {'columns': ['shift_id']},
        {'columns': ['agent_date_id']},
        {'columns': ['is_running', 'starts_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'int_shifts__cleaned', 'key': 'shift_id'}],
        'touched_key': 'shift_id',
        'running': 'is_running and starts_at <= :as_of',
        'moves': ['agent_date_id'],
    }
) }}

with

shifts as (

    select * from {{ ref('int_shifts__cleaned') }}
    {{ only_touched('shift_id') }}

),

kinds as (

    select * from {{ ref('seed_shift_activities') }}

),

planned as (

    select
        shifts.shift_id,
        shifts.agent_id,
        shifts.activity,
        coalesce(kinds.planned_kind, 'work') as planned_kind,
        shifts.paid_minute_count * 60 as shift_paid_seconds,
        {{ seconds_between('shifts.starts_at', 'shifts.ends_at') }} as shift_seconds,
        shifts.starts_at as shift_starts_at,
        shifts.ends_at as shift_ends_at
    from shifts
    left join kinds
        on shifts.activity = kinds.activity
    where shifts.ends_at > shifts.starts_at

),

parted as (

    select
        planned.*,
        day.calendar_day::date as calendar_date,
        greatest(
            planned.shift_starts_at, {{ business_midnight('day.calendar_day') }}
        ) as starts_at,
        least(
            planned.shift_ends_at,
            {{ business_midnight("day.calendar_day + interval '1 day'") }}
        ) as ends_at
    from planned
    cross join lateral generate_series(
        {{ business_date('planned.shift_starts_at') }}::timestamp,
        {{ business_date(
            "(planned.shift_ends_at - interval '1 microsecond')"
        ) }}::timestamp,
        interval '1 day'
    ) as day (calendar_day)

),

run as (

    select
        *,
        greatest(starts_at, least(ends_at, {{ as_of() }})) as counted_until_at
    from parted

),

final as (

    select

        -- ids
        shift_id || '|' || calendar_date as agent_shift_date_id,
        shift_id,
        agent_id,
        agent_id || '|' || calendar_date as agent_date_id,

        -- strings
        activity,
        planned_kind,

        -- numerics
        {{ seconds_between('starts_at', 'ends_at') }} as planned_seconds,
        {{ seconds_between('starts_at', 'counted_until_at') }}
            as elapsed_planned_seconds,
        -- what is paid up to a moment less what is paid up to midnight: no second of
        -- a shift is paid on two days or on none
        shift_paid_seconds
        * {{ seconds_between('shift_starts_at', 'counted_until_at') }} / shift_seconds
        - shift_paid_seconds
        * {{ seconds_between('shift_starts_at', 'starts_at') }} / shift_seconds
            as elapsed_paid_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        ends_at > {{ as_of() }} as is_running,

        -- dates
        calendar_date,

        -- timestamps
        starts_at,
        ends_at,
        counted_until_at

    from run

)

select * from final
