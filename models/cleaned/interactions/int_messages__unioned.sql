{# what every channel must be able to say about a message #}
{% set message_columns = [
    'message_id',
    'interaction_id',
    'source_record_id',
    'agent_id',
    'source_name',
    'sender_type',
    'message_text',
    'intent',
    'flags',
    'intent_confidence',
    'is_public',
    'is_automatic',
    'is_fallback',
    'sent_at',
] | join(', ') %}

{{ config(materialized='ephemeral') }}

with

chat as (

    select {{ message_columns }}
    from {{ ref('int_chat_messages__cleaned') }}

),

email as (

    select {{ message_columns }}
    from {{ ref('int_email_messages__cleaned') }}

),

app as (

    select {{ message_columns }}
    from {{ ref('int_app_messages__cleaned') }}

),

wechat as (

    select {{ message_columns }}
    from {{ ref('int_wechat_messages__cleaned') }}

),

social as (

    select {{ message_columns }}
    from {{ ref('int_social_messages__cleaned') }}

),

bot as (

    select {{ message_columns }}
    from {{ ref('int_bot_messages__cleaned') }}

),

transcripts as (

    select {{ message_columns }}
    from {{ ref('int_transcript_turns__cleaned') }}

),

final as (

    select * from chat
    union all
    select * from email
    union all
    select * from app
    union all
    select * from wechat
    union all
    select * from social
    union all
    select * from bot
    union all
    select * from transcripts

)

select * from final
