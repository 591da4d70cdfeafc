{{ config(
    unique_key='agent_id',
    indexes=[{'columns': ['changed_xid']}],
    meta={
        'touched_by': [
            {'parent': 'int_agents__cleaned', 'key': 'agent_id'},
            {'parent': 'int_interactions__unioned', 'key': 'agent_id'},
        ],
    }
) }}

with

agents as (

    select * from {{ ref('int_agents__cleaned') }}
    {{ only_touched('agent_id') }}

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
        coalesce(agents.agent_id, seen.agent_id) as agent_id,

        -- strings
        agents.agent_name,
        agents.email,
        agents.team_name,
        agents.team_kind,
        agents.site_code,
        agents.time_zone_name,
        agents.skills,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        agents.agent_id is not null as is_known,

        -- dates
        agents.hired_date,
        agents.left_date

    from agents
    full join seen
        on agents.agent_id = seen.agent_id

)

select * from final
