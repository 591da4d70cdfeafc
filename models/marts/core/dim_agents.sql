{{ config(
    unique_key='agent_id',
    indexes=[{'columns': ['changed_xid']}],
    meta={
        'touched_by': [
            {'parent': 'int_agents__cleaned', 'key': 'agent_id'},
            {'parent': 'int_ticket_agents__cleaned', 'key': 'person_id'},
            {'parent': 'int_interactions__unioned', 'key': 'agent_id'},
        ],
    }
) }}

with

agents as (

    select * from {{ ref('int_agents__cleaned') }}
    {{ only_touched('agent_id') }}

),

ticket_agents as (

    select * from {{ ref('int_ticket_agents__cleaned') }}
    {{ only_touched('person_id') }}

),

seen as (

    -- agents that contacts name and the workforce system does not: they get a row, so
    -- that no contact loses its agent
    {% if is_incremental() %}
        select touched.touched_key as agent_id
        from {{ touched_table() }} as touched
        where
            exists (
                select 1
                from {{ ref('int_interactions__unioned') }} as interactions
                where interactions.agent_id = touched.touched_key
            )
    {% else %}
        select distinct agent_id
        from {{ ref('int_interactions__unioned') }}
        where agent_id is not null
    {% endif %}

),

final as (

    select

        -- ids
        coalesce(agents.agent_id, ticket_agents.person_id, seen.agent_id) as agent_id,

        -- strings
        coalesce(agents.agent_name, ticket_agents.agent_name) as agent_name,
        coalesce(agents.email, ticket_agents.email) as email,
        agents.team_name,
        agents.team_kind,
        agents.site_code,
        agents.time_zone_name,
        agents.skills,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        agents.agent_id is not null or coalesce(ticket_agents.is_known, false)
            as is_known,

        -- dates
        agents.hired_date,
        agents.left_date

    from agents
    full join ticket_agents
        on agents.agent_id = ticket_agents.person_id
    full join seen
        on coalesce(agents.agent_id, ticket_agents.person_id) = seen.agent_id

)

select * from final
