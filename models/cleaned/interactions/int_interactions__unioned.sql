{# what every channel must be able to say about a contact #}
{% set interaction_columns = [
    'interaction_id',
    'source_record_id',
    'agent_id',
    'source_name',
    'channel',
    'direction',
    'site_code',
    'queue_name',
    'topic',
    'contact_phone',
    'contact_email',
    'flags',
    'wait_seconds',
    'talk_seconds',
    'hold_seconds',
    'after_work_seconds',
    'first_response_seconds',
    'first_reply_seconds',
    'handoff_response_seconds',
    'handle_seconds',
    'transfer_count',
    'message_count',
    'reopen_count',
    'resolution_days',
    'resolution_seconds',
    'is_offered',
    'is_handled',
    'is_abandoned',
    'is_callback',
    'is_handed_off',
    'is_resolved',
    'is_complaint',
    'is_sla_met',
    'resolved_date',
    'started_at',
    'ended_at',
    'resolved_at',
    'first_exported_at',
] | join(', ') %}

{{ config(
    unique_key='interaction_id',
    indexes=[
        {'columns': ['interaction_id'], 'unique': true},
        {'columns': ['agent_id']},
        {'columns': ['queue_name']},
        {'columns': ['fence_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_calls__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_chat_sessions__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_email_threads__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_app_conversations__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_wechat_interactions__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_social_interactions__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_store_visits__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_bot_sessions__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_transcripts__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_service_requests__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_incidents__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_ticket_interactions__cleaned', 'key': 'interaction_id'},
        ],
        'moves': ['agent_id', 'queue_name', 'fence_id'],
    }
) }}

with

calls as (

    select {{ interaction_columns }}
    from {{ ref('int_calls__cleaned') }}
    {{ only_touched('interaction_id') }}

),

chat_sessions as (

    select {{ interaction_columns }}
    from {{ ref('int_chat_sessions__cleaned') }}
    {{ only_touched('interaction_id') }}

),

email_threads as (

    select {{ interaction_columns }}
    from {{ ref('int_email_threads__cleaned') }}
    {{ only_touched('interaction_id') }}

),

app_conversations as (

    select {{ interaction_columns }}
    from {{ ref('int_app_conversations__cleaned') }}
    {{ only_touched('interaction_id') }}

),

wechat_interactions as (

    select {{ interaction_columns }}
    from {{ ref('int_wechat_interactions__cleaned') }}
    {{ only_touched('interaction_id') }}

),

social_interactions as (

    select {{ interaction_columns }}
    from {{ ref('int_social_interactions__cleaned') }}
    {{ only_touched('interaction_id') }}

),

store_visits as (

    select {{ interaction_columns }}
    from {{ ref('int_store_visits__cleaned') }}
    {{ only_touched('interaction_id') }}

),

bot_sessions as (

    select {{ interaction_columns }}
    from {{ ref('int_bot_sessions__cleaned') }}
    {{ only_touched('interaction_id') }}

),

transcripts as (

    select {{ interaction_columns }}
    from {{ ref('int_transcripts__cleaned') }}
    {{ only_touched('interaction_id') }}

),

service_requests as (

    select {{ interaction_columns }}
    from {{ ref('int_service_requests__cleaned') }}
    {{ only_touched('interaction_id') }}

),

incidents as (

    select {{ interaction_columns }}
    from {{ ref('int_incidents__cleaned') }}
    {{ only_touched('interaction_id') }}

),

ticket_interactions as (

    select {{ interaction_columns }}
    from {{ ref('int_ticket_interactions__cleaned') }}
    {{ only_touched('interaction_id') }}

),

unioned as (

    select * from calls
    union all
    select * from chat_sessions
    union all
    select * from email_threads
    union all
    select * from app_conversations
    union all
    select * from wechat_interactions
    union all
    select * from social_interactions
    union all
    select * from store_visits
    union all
    select * from bot_sessions
    union all
    select * from transcripts
    union all
    select * from service_requests
    union all
    select * from incidents
    union all
    select * from ticket_interactions

),

final as (

    select
        unioned.*,
        {{ fence_id('channel', 'queue_name', 'started_at') }} as fence_id,
        pg_current_xact_id() as changed_xid
    from unioned

)

select * from final
