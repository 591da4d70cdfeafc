{% set metrics = sla_metrics() %}

{{ config(
    unique_key='sla_target_id',
    indexes=[
        {'columns': ['sla_target_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_ticket_changes__unioned',
                'key': 'ticket_id',
                'where': "field_name in ('priority', 'sla_policy', '"
                ~ metrics | join("', '") ~ "')",
            },
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {'parent': 'stg_zendesk__ticket_sla_policies', 'key': 'ticket_id'},
            {
                'parent': 'stg_zendesk__sla_policy_metrics',
                'key': 'sla_policy_id',
                'via': {
                    'model': 'stg_zendesk__ticket_sla_policies',
                    'column': 'sla_policy_id',
                    'key': 'ticket_id',
                },
            },
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

ticket_policies as (

    select * from {{ ref('stg_zendesk__ticket_sla_policies') }}
    {{ only_touched('ticket_id') }}

),

policy_metrics as (

    select * from {{ ref('stg_zendesk__sla_policy_metrics') }}
    where not is_deleted

),

seed_policies as (

    select * from {{ ref('seed_sla_policies') }}

),

priorities as (

    select
        ticket_id,
        field_value as priority,
        changed_at as valid_from,
        coalesce(valid_to, 'infinity'::timestamptz) as valid_to
    from changes
    where field_name = 'priority'
    union all
    -- before its first change
    select
        tickets.ticket_id,
        case
            when changes.ticket_id is null then tickets.priority
            else changes.old_value
        end as priority,
        '-infinity'::timestamptz as valid_from,
        coalesce(changes.changed_at, 'infinity'::timestamptz) as valid_to
    from tickets
    left join changes
        on
            tickets.ticket_id = changes.ticket_id
            and changes.field_name = 'priority'
            and changes.change_number = 1

),

policies as (

    select
        ticket_id,
        field_value as policy_name,
        changed_at as valid_from,
        coalesce(valid_to, 'infinity'::timestamptz) as valid_to
    from changes
    where field_name = 'sla_policy'

),

read_targets as (

    -- flat JSON such as {"minutes": 480, "in_business_hours": true}; anything else is
    -- unreadable, and an error would stop every ticket for the sake of one
    select
        ticket_id,
        field_name as metric,
        change_number,
        changed_at as set_at,
        nullif(trim(field_value), '') is null as is_withdrawn,
        case
            -- as connectors write it: told in a tenth of the time
            when
                field_value
                ~ '^\{"minutes": ?\d+, ?"in_business_hours": ?(true|false)\}$'
                then true
            else field_value ~ (
                    '^\s*\{\s*"\w+"\s*:\s*(-?\d+(\.\d+)?|true|false|null|"[^"\\]*")'
                    || '(\s*,\s*"\w+"\s*:\s*'
                    || '(-?\d+(\.\d+)?|true|false|null|"[^"\\]*"))*\s*\}\s*$'
                )
        end as is_flat_json,
        substring(field_value from '"minutes"\s*:\s*(\d+(?:\.\d+)?)') as minutes,
        coalesce(field_value ~ '"in_business_hours"\s*:\s*true', false) as is_business
    from changes
    where field_name in ('{{ metrics | join("', '") }}')

),

stated as (

    select
        ticket_id,
        metric,
        set_at,
        change_number,
        is_withdrawn,
        case
            when is_flat_json and not is_withdrawn then (minutes::numeric * 60)::bigint
        end as target_seconds,
        is_business
    from read_targets

),

silent_tickets as (

    -- tickets whose history states no target
    select tickets.*
    from tickets
    where
        not exists (
            select 1 from read_targets
            where read_targets.ticket_id = tickets.ticket_id
        )

),

applied as (

    select
        ticket_policies.*,
        coalesce(
            lead(ticket_policies.applied_at) over (
                partition by ticket_policies.ticket_id
                order by
                    ticket_policies.applied_at asc,
                    ticket_policies.sla_policy_id asc
            ),
            'infinity'::timestamptz
        ) as replaced_at
    from ticket_policies
    inner join silent_tickets
        on ticket_policies.ticket_id = silent_tickets.ticket_id
    where not ticket_policies.is_deleted

),

policy_moments as (

    -- a target is set anew when the policy or the priority changes
    select
        applied.ticket_id,
        applied.sla_policy_id,
        priorities.priority,
        greatest(applied.applied_at, priorities.valid_from) as set_at
    from applied
    inner join priorities
        on
            applied.ticket_id = priorities.ticket_id
            and applied.applied_at < priorities.valid_to
            and applied.replaced_at > priorities.valid_from

),

policy_names as (

    select distinct
        sla_policy_id,
        metric
    from policy_metrics

),

policy_versions as (

    -- what was written down of a policy at one time holds until the next
    select distinct
        sla_policy_id,
        policy_updated_at
    from policy_metrics

),

versioned_moments as (

    select distinct on (policy_moments.ticket_id, policy_moments.set_at)
        policy_moments.*,
        policy_versions.policy_updated_at
    from policy_moments
    left join policy_versions
        on policy_moments.sla_policy_id = policy_versions.sla_policy_id
    order by
        policy_moments.ticket_id asc,
        policy_moments.set_at asc,
        -- the version at that moment, else the first
        (policy_versions.policy_updated_at <= policy_moments.set_at) desc nulls last,
        case
            when policy_versions.policy_updated_at <= policy_moments.set_at
                then policy_versions.policy_updated_at
        end desc nulls last,
        policy_versions.policy_updated_at asc

),

by_policy as (

    select distinct on (
        versioned_moments.ticket_id, policy_names.metric, versioned_moments.set_at
    )
        versioned_moments.ticket_id,
        policy_names.metric,
        versioned_moments.set_at,
        dense_rank() over (
            partition by versioned_moments.ticket_id, policy_names.metric
            order by versioned_moments.set_at asc
        ) as change_number,
        policy_metrics.target_minutes is null as is_withdrawn,
        (policy_metrics.target_minutes * 60)::bigint as target_seconds,
        coalesce(policy_metrics.is_business_hours, false) as is_business
    from versioned_moments
    inner join (
        -- a policy that replaces another takes back what it does not promise itself
        select distinct
            applied.ticket_id,
            policy_names.metric
        from applied
        inner join policy_names
            on applied.sla_policy_id = policy_names.sla_policy_id
    ) as policy_names
        on versioned_moments.ticket_id = policy_names.ticket_id
    left join policy_metrics
        on
            versioned_moments.sla_policy_id = policy_metrics.sla_policy_id
            and versioned_moments.policy_updated_at
            is not distinct from policy_metrics.policy_updated_at
            and policy_names.metric = policy_metrics.metric
            and versioned_moments.priority = lower(policy_metrics.priority_raw)
    order by
        versioned_moments.ticket_id asc,
        policy_names.metric asc,
        versioned_moments.set_at asc,
        policy_metrics.metric_index asc

),

seed_moments as (

    select
        silent_tickets.ticket_id,
        silent_tickets.source_name,
        {{ business_date('silent_tickets.created_at') }} as created_date,
        priorities.priority,
        greatest(priorities.valid_from, silent_tickets.created_at) as set_at
    from silent_tickets
    inner join priorities
        on
            silent_tickets.ticket_id = priorities.ticket_id
            and silent_tickets.created_at < priorities.valid_to
    where
        not exists (
            select 1 from applied
            where applied.ticket_id = silent_tickets.ticket_id
        )

),

seed_names as (

    select distinct
        source_name,
        metric
    from seed_policies

),

by_seed as (

    select
        seed_moments.ticket_id,
        seed_names.metric,
        seed_moments.set_at,
        row_number() over (
            partition by seed_moments.ticket_id, seed_names.metric
            order by seed_moments.set_at asc
        ) as change_number,
        seed_policies.target_seconds is null as is_withdrawn,
        seed_policies.target_seconds,
        coalesce(seed_policies.is_business, false) as is_business
    from seed_moments
    inner join seed_names
        on seed_moments.source_name = seed_names.source_name
    left join seed_policies
        on
            seed_moments.source_name = seed_policies.source_name
            and seed_names.metric = seed_policies.metric
            and seed_moments.priority = seed_policies.priority
            and seed_moments.created_date
            >= coalesce(seed_policies.valid_from_date, '-infinity'::date)
            and seed_moments.created_date
            <= coalesce(seed_policies.valid_to_date, 'infinity'::date)

),

unioned as (

    select * from stated
    union all
    select * from by_policy
    union all
    select * from by_seed

),

final as (

    select

        -- ids
        unioned.ticket_id || '/' || unioned.metric || '/' || unioned.change_number
            as sla_target_id,
        unioned.ticket_id,

        -- strings
        unioned.metric,
        policies.policy_name,
        priorities.priority,

        -- numerics
        unioned.change_number,
        unioned.target_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        unioned.is_business,
        unioned.is_withdrawn,
        unioned.is_withdrawn or unioned.target_seconds is not null as is_readable,

        -- timestamps
        unioned.set_at

    from unioned
    left join policies
        on
            unioned.ticket_id = policies.ticket_id
            and unioned.set_at >= policies.valid_from
            and unioned.set_at < policies.valid_to
    left join priorities
        on
            unioned.ticket_id = priorities.ticket_id
            and unioned.set_at >= priorities.valid_from
            and unioned.set_at < priorities.valid_to

)

select * from final
