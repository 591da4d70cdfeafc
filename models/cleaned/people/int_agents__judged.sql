{{ config(
    unique_key='agent_id',
    indexes=[
        {'columns': ['agent_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_workforce__agents', 'agent_id', 'workforce.agents')
) }}

with

versions as (

    select * from {{ ref('stg_workforce__agents') }}
    {{ only_touched('agent_id') }}

),

latest as (

    {{ latest_version('versions', 'agent_id') }}

),

ruled as (

    select
        agent_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        null::text as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'agent_id', 'workforce.agents') }}

)

select * from final
