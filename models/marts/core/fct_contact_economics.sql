{{ config(
    unique_key='interaction_id',
    indexes=[
        {'columns': ['economics_line_date_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_interactions', 'key': 'interaction_id'},
            {'parent': 'fct_contact_conversions', 'key': 'interaction_id'},
            {'parent': 'fct_contact_chains', 'key': 'interaction_id'},
            {
                'parent': 'dim_agents',
                'key': 'agent_id',
                'via': {
                    'model': 'fct_interactions',
                    'column': 'agent_id',
                    'key': 'interaction_id',
                },
            },
        ],
        'moves': ['economics_line_date_id'],
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('interaction_id') }}

),

conversions as (

    select * from {{ ref('fct_contact_conversions') }}
    {{ only_touched('interaction_id') }}

),

chains as (

    select * from {{ ref('fct_contact_chains') }}
    {{ only_touched('interaction_id') }}

),

agents as (

    select * from {{ ref('dim_agents') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

rates as (

    select * from {{ ref('seed_cost_rates') }}

),

exchange_rates as (

    select * from {{ ref('seed_exchange_rates') }}

),

reporting as (

    -- the one currency in which costs and revenue are compared
    select max(reporting_currency) as reporting_currency
    from {{ ref('seed_exchange_rates') }}

),

staffed as (

    select
        interactions.*,
        case
            when channels.channel_kind = 'bot' then 'bot'
            when not interactions.is_handled and interactions.handle_seconds is null
                then 'none'
            else coalesce(agents.team_kind, 'not_known')
        end as team_kind
    from interactions
    left join channels
        on interactions.channel = channels.channel
    left join agents
        on interactions.agent_id = agents.agent_id
    where interactions.started_at is not null

),

priced as (

    select
        staffed.*,
        rates.cost_basis,
        reporting.reporting_currency,
        rates.cost_amount * exchange_rates.exchange_rate as rate_amount
    from staffed
    cross join reporting
    left join rates
        on
            staffed.team_kind = rates.team_kind
            and staffed.started_date >= rates.valid_from
            and staffed.started_date < coalesce(rates.valid_to, 'infinity')
    left join exchange_rates
        on
            rates.cost_currency = exchange_rates.currency
            and staffed.started_date >= exchange_rates.valid_from
            and staffed.started_date < coalesce(exchange_rates.valid_to, 'infinity')

),

costed as (

    select
        *,
        case
            when team_kind = 'none' then 0
            when cost_basis = 'hour' then rate_amount * handle_seconds / 3600
            else rate_amount
        end as cost_amount
    from priced

),

final as (

    select

        -- ids
        costed.interaction_id,
        {{ surrogate_key([
            'costed.channel',
            'costed.team_kind',
            'costed.topic',
            'costed.started_date',
        ]) }} as economics_line_date_id,

        -- strings
        costed.channel,
        costed.team_kind,
        costed.topic,
        case
            when costed.cost_amount is not null then null
            when costed.team_kind = 'not_known' then 'team_not_known'
            when costed.rate_amount is null then 'no_rate'
            else 'handling_not_known'
        end as cost_reason,
        costed.reporting_currency,
        case
            when conversions.is_mature then null
            when conversions.interaction_id is null then 'customer_not_known'
            else 'immature'
        end as conversion_reason,

        -- numerics
        costed.cost_amount::numeric(12, 4) as cost_amount,
        case when conversions.is_mature then conversions.credited_amount end
            as revenue_amount,
        pg_current_xact_id() as changed_xid,

        -- booleans
        costed.is_handled,
        costed.is_resolution_known,
        costed.is_resolved,
        costed.is_complaint,
        case when chains.is_mature_7d then chains.is_repeated_7d end as is_repeated_7d,
        case when chains.is_mature_7d then chains.is_same_topic_repeated_7d end
            as is_same_topic_repeated_7d,
        case when conversions.is_mature then conversions.is_converted end
            as is_converted,

        -- dates
        costed.started_date

    from costed
    left join conversions
        on costed.interaction_id = conversions.interaction_id
    left join chains
        on costed.interaction_id = chains.interaction_id

)

select * from final
