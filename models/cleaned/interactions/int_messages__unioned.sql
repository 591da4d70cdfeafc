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

{# no CTEs: the planner cannot look up single keys through them from outside #}
select {{ message_columns }}
from {{ ref('int_chat_messages__cleaned') }}
union all
select {{ message_columns }}
from {{ ref('int_email_messages__cleaned') }}
union all
select {{ message_columns }}
from {{ ref('int_app_messages__cleaned') }}
union all
select {{ message_columns }}
from {{ ref('int_wechat_messages__cleaned') }}
union all
select {{ message_columns }}
from {{ ref('int_social_messages__cleaned') }}
union all
select {{ message_columns }}
from {{ ref('int_bot_messages__cleaned') }}
union all
select {{ message_columns }}
from {{ ref('int_transcript_turns__cleaned') }}
union all
select
    message_id,
    interaction_id,
    message_id as source_record_id,
    case when sender_type = 'agent' then author_id end as agent_id,
    source_name,
    sender_type,
    message_text,
    null as intent,
    flags,
    null as intent_confidence,
    is_public,
    sender_type = 'system' as is_automatic,
    false as is_fallback,
    sent_at
from {{ ref('int_ticket_messages__unioned') }}
where is_ticket_known
