{{ config(
    unique_key='agent_id',
    indexes=[
        {'columns': ['agent_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_agents__judged', 'key': 'agent_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_agents__judged') }}
    {{ only_touched('agent_id') }}

),

agents as (

    select * from {{ ref('stg_workforce__agents') }}

),

final as (

    select

        -- ids
        agents.agent_id,

        -- strings
        agents.agent_name,
        {{ standardise_email('agents.email_raw') }} as email,
        agents.team_name,
        lower(agents.team_kind_raw) as team_kind,
        agents.site_code,
        agents.time_zone_name,
        replace(agents.skills_raw, ' ', '') as skills,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- dates
        agents.hired_date,
        agents.left_date,

        -- timestamps
        verdicts.first_exported_at

    from verdicts
    inner join agents
        on verdicts.row_id = agents.row_id
    where verdicts.rejection_reason is null

)

select * from final
