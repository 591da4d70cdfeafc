{{ config(
    unique_key='state_id',
    indexes=[
        {'columns': ['state_id'], 'unique': true},
        {'columns': ['agent_id', 'started_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_agent_states__judged', 'key': 'state_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_agent_states__judged') }}
    {{ only_touched('state_id') }}

),

states as (

    select * from {{ ref('stg_workforce__agent_states') }}

),

final as (

    select

        -- ids
        states.state_id,
        states.agent_id,

        -- strings
        lower(states.state_raw) as agent_state,
        states.channel_raw as channel,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        states.started_at,
        states.ended_at,
        verdicts.first_exported_at

    from verdicts
    inner join states
        on verdicts.row_id = states.row_id
    where verdicts.rejection_reason is null

)

select * from final
