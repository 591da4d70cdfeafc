{{ config(
    unique_key=['experiment_name', 'unit_id'],
    indexes=[
        {'columns': ['unit_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_key': 'unit_id',
        'touched_by': [
            {
                'parent': 'int_experiment_assignments__cleaned',
                'key': "'assignment:' || assignment_id",
                'via': {
                    'model': 'int_records__resolved',
                    'column': 'record_id',
                    'key': 'customer_id',
                },
            },
            {'parent': 'int_records__resolved', 'key': 'customer_id'},
            {'parent': 'fct_interactions', 'key': 'customer_id'},
            {'parent': 'fct_orders', 'key': 'customer_id'},
            {'parent': 'seed_experiment_agents', 'key': 'agent_id'},
            {'parent': 'fct_interactions', 'key': 'agent_id'},
        ],
        'running': 'not is_mature and window_ended_at <= :as_of',
    }
) }}

with

records as (

    select * from {{ ref('int_records__resolved') }}
    {{ only_touched('customer_id') }}

),

assignments as (

    select * from {{ ref('int_experiment_assignments__cleaned') }}

),

agent_assignments as (

    select * from {{ ref('seed_experiment_agents') }}
    {{ only_touched('agent_id') }}

),

experiments as (

    select * from {{ ref('seed_experiments') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

-- imported anew: read twice, an import would be written down whole
agent_interactions as (

    select * from {{ ref('fct_interactions') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

drawn as (

    select
        assignments.experiment_name,
        'customer' as unit_kind,
        records.customer_id as unit_id,
        assignments.variant_name,
        assignments.assigned_at
    from records
    {{ looked_up(
        'assignments',
        "substr(records.record_id, 12) = assignments.assignment_id"
    ) }}
    where starts_with(records.record_id, 'assignment:')
    union all
    select
        experiment_name,
        'agent' as unit_kind,
        agent_id as unit_id,
        variant_name,
        assigned_at
    from agent_assignments

),

units as (

    -- one unit, drawn once: a customer who was two records may be in two variants
    select
        drawn.experiment_name,
        drawn.unit_kind,
        drawn.unit_id,
        experiments.window_days * interval '1 day' as window_length,
        experiments.experiment_name is not null as is_planned,
        case
            when min(drawn.variant_name) = max(drawn.variant_name)
                then min(drawn.variant_name)
        end as variant_name,
        count(*) as assignment_count,
        min(drawn.assigned_at) as assigned_at
    from drawn
    left join experiments
        on
            drawn.experiment_name = experiments.experiment_name
            and drawn.unit_kind = experiments.unit_kind
    group by
        drawn.experiment_name,
        drawn.unit_kind,
        drawn.unit_id,
        experiments.window_days,
        experiments.experiment_name

),

watched as (

    select
        units.*,
        contacts.contact_count + agent_contacts.contact_count as contact_count,
        contacts.prior_contact_count + agent_contacts.prior_contact_count
            as prior_contact_count,
        contacts.complaint_count + agent_contacts.complaint_count as complaint_count,
        contacts.csat_answer_count + agent_contacts.csat_answer_count
            as csat_answer_count,
        contacts.csat_satisfied_count + agent_contacts.csat_satisfied_count
            as csat_satisfied_count,
        contacts.handle_count + agent_contacts.handle_count as handle_count,
        contacts.handle_seconds_sum + agent_contacts.handle_seconds_sum
            as handle_seconds_sum,
        sales.order_count,
        sales.prior_order_count
    from units
    -- from one look-up per unit: contacts that the customer began
    cross join
        lateral (
            select {{ outcome_parts('interactions', 'units') }}
            from interactions
            where
                units.unit_kind = 'customer'
                and units.unit_id = interactions.customer_id
                and interactions.direction = 'inbound'
                and interactions.started_at >= units.assigned_at - units.window_length
                and interactions.started_at < units.assigned_at + units.window_length
        ) as contacts
    cross join
        lateral (
            select {{ outcome_parts('agent_interactions', 'units') }}
            from agent_interactions
            where
                units.unit_kind = 'agent'
                and units.unit_id = agent_interactions.agent_id
                and agent_interactions.started_at
                >= units.assigned_at - units.window_length
                and agent_interactions.started_at
                < units.assigned_at + units.window_length
        ) as agent_contacts
    cross join
        lateral (
            select
                count(*) filter (where orders.ordered_at >= units.assigned_at)
                    as order_count,
                count(*) filter (where orders.ordered_at < units.assigned_at)
                    as prior_order_count
            from orders
            where
                units.unit_kind = 'customer'
                and units.unit_id = orders.customer_id
                and orders.is_sale
                and orders.ordered_at >= units.assigned_at - units.window_length
                and orders.ordered_at < units.assigned_at + units.window_length
        ) as sales

),

judged as (

    select
        *,
        assigned_at + window_length as window_ended_at,
        coalesce(assigned_at + window_length <= {{ as_of() }}, false) as is_mature,
        case
            when not is_planned then 'experiment_not_listed'
            when variant_name is null then 'in_two_variants'
            when assigned_at is null then 'no_time_of_assignment'
            when assigned_at + window_length > {{ as_of() }} then 'window_not_over'
        end as exclusion_reason
    from watched

),

final as (

    select

        -- ids
        unit_id,

        -- strings
        experiment_name,
        unit_kind,
        variant_name,
        exclusion_reason,
        case when unit_kind != 'customer' then 'unit_is_no_customer' end
            as order_count_reason,

        -- numerics
        assignment_count,
        contact_count,
        prior_contact_count,
        complaint_count,
        csat_answer_count,
        csat_satisfied_count,
        handle_count,
        handle_seconds_sum,
        case when unit_kind = 'customer' then order_count end as order_count,
        case when unit_kind = 'customer' then prior_order_count end
            as prior_order_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_mature,
        exclusion_reason is null as is_counted,

        -- dates
        {{ business_date('assigned_at') }} as assigned_date,

        -- timestamps
        assigned_at,
        window_ended_at

    from judged

)

select * from final
