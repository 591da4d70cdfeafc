{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_chat_sessions__judged', 'key': 'session_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_chat_sessions__judged') }}
    {{ only_touched('session_id') }}

),

sessions as (

    select * from {{ ref('stg_chat__sessions') }}

),

final as (

    select

        -- ids
        sessions.session_id as source_record_id,
        {{ surrogate_key(["'chat'", 'sessions.session_id']) }} as interaction_id,
        {{ surrogate_key(["'bot'", 'sessions.from_bot_session_id']) }}
            as bot_interaction_id,

        -- numerics
        pg_current_xact_id() as changed_xid

    from verdicts
    inner join sessions
        on verdicts.row_id = sessions.row_id
    where
        verdicts.rejection_reason is null
        and sessions.from_bot_session_id is not null

)

select * from final
