{#
    Counted when `int_records__counted` counts, so that both sides are of one moment, and
    like there a rebuild counts by the same rule
#}
{{ config(
    unique_key='record_type',
    full_refresh=false,
    indexes=[{'columns': ['changed_xid']}],
    meta={
        'touched_by': [{'parent': 'int_records__counted', 'key': 'record_type'}],
    }
) }}

with

counted as (

    select * from {{ ref('int_records__counted') }}
    {{ only_touched('record_type') }}

),

destinations as (

    select * from {{ ref('seed_source_tables') }}
    {{ only_touched('record_type') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

messages as (

    select * from {{ ref('fct_messages') }}

),

tickets as (

    select * from {{ ref('fct_tickets') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__cleaned') }}

),

delivered_orders as (

    select * from {{ ref('fct_orders') }}

),

resolved_records as (

    select * from {{ ref('int_records__resolved') }}

),

agents as (

    select * from {{ ref('dim_agents') }}

),

outcomes as (

    select * from {{ ref('fct_experiment_outcomes') }}

),

call_segments as (

    select * from {{ ref('fct_call_segments') }}

),

agent_states as (

    select * from {{ ref('fct_agent_states') }}

),

invitations as (

    select * from {{ ref('fct_survey_responses') }}

),

answers as (

    select * from {{ ref('fct_survey_responses') }}

),

reached as (

    select
        'fct_interactions' as destination_name,
        source_name,
        count(*) as reached_count
    from interactions
    group by source_name
    union all
    select
        'fct_messages' as destination_name,
        source_name,
        count(*) as reached_count
    from messages
    group by source_name
    union all
    select
        'fct_tickets' as destination_name,
        source_name,
        count(*) as reached_count
    from tickets
    group by source_name
    union all
    select
        'fct_orders' as destination_name,
        'crm.orders' as source_name,
        count(*) as reached_count
    from orders
    union all
    select
        'fct_orders' as destination_name,
        'crm.deliveries' as source_name,
        count(*) as reached_count
    from deliveries
    inner join delivered_orders
        on deliveries.order_id = delivered_orders.order_id
    union all
    select
        'dim_customers' as destination_name,
        source_name,
        count(*) as reached_count
    from resolved_records
    where source_name = 'people' or starts_with(record_id, 'customer:')
    group by source_name
    union all
    select
        'dim_agents' as destination_name,
        'workforce' as source_name,
        count(*) as reached_count
    from agents
    where team_kind is not null
    union all
    select
        'fct_experiment_outcomes' as destination_name,
        'marketing' as source_name,
        sum(assignment_count) as reached_count
    from outcomes
    where unit_kind = 'customer'
    union all
    select
        'fct_call_segments' as destination_name,
        'phone' as source_name,
        count(*) as reached_count
    from call_segments
    union all
    select
        'fct_agent_states' as destination_name,
        'workforce' as source_name,
        count(distinct state_id) as reached_count
    from agent_states
    union all
    select
        'fct_survey_responses' as destination_name,
        'survey.invitations' as source_name,
        count(*) as reached_count
    from invitations
    union all
    select
        'fct_survey_responses' as destination_name,
        'survey.answers' as source_name,
        count(*) as reached_count
    from answers
    where is_answered

),

refused as (

    select
        record_type,
        coalesce(sum(record_count) filter (where outcome = 'kept'), 0) as kept_count,
        coalesce(sum(record_count) filter (where outcome = 'unreadable'), 0)
            as unreadable_count,
        coalesce(
            sum(record_count) filter (where outcome not in ('kept', 'unreadable')), 0
        ) as rejected_count,
        sum(superseded_count) as superseded_count,
        coalesce(
            jsonb_object_agg(outcome, record_count)
            filter (where outcome not in ('kept', 'unreadable')),
            '{}'
        ) as rejected_counts,
        max(counted_at) as counted_at
    from counted
    group by record_type

),

compared as (

    select
        refused.record_type,
        refused.rejected_counts,
        refused.kept_count,
        refused.unreadable_count,
        refused.rejected_count,
        refused.superseded_count,
        refused.counted_at,
        destinations.destination_name,
        destinations.shortfall_reason,
        -- a mart that was not asked for is null, one that holds nothing is zero
        case
            when destinations.destination_name is not null
                then coalesce(reached.reached_count, 0)
        end as reached_count
    from refused
    inner join destinations
        on refused.record_type = destinations.record_type
    left join reached
        on
            destinations.destination_name = reached.destination_name
            and reached.source_name in (
                destinations.record_type, split_part(destinations.record_type, '.', 1)
            )

),

final as (

    select

        -- strings
        record_type,
        split_part(record_type, '.', 1) as source_name,
        destination_name,
        case
            when destination_name is null or reached_count < kept_count
                then shortfall_reason
        end as shortfall_reason,
        case
            when destination_name is null then 'no_mart_holds_them'
            when kept_count = 0 then 'no_records'
        end as coverage_rate_reason,
        rejected_counts,

        -- numerics
        (kept_count + rejected_count)::bigint as record_count,
        kept_count::bigint as kept_count,
        rejected_count::bigint as rejected_count,
        superseded_count::bigint as superseded_count,
        unreadable_count::bigint as unreadable_count,
        reached_count::bigint as reached_count,
        case
            when destination_name is not null and shortfall_reason is null
                then abs(kept_count - reached_count)
            when reached_count > kept_count then reached_count - kept_count
            else 0
        end::bigint as unexplained_count,
        (reached_count / nullif(kept_count, 0))::numeric(5, 4) as coverage_rate,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        counted_at

    from compared

)

select * from final
