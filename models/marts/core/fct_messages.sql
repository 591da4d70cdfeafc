{% set message_models = [
    'int_chat_messages__cleaned',
    'int_email_messages__cleaned',
    'int_app_messages__cleaned',
    'int_wechat_messages__cleaned',
    'int_social_messages__cleaned',
    'int_bot_messages__cleaned',
    'int_transcript_turns__cleaned',
    'int_ticket_messages__unioned',
] %}
{% set touched_by = [
    {'parent': 'int_interactions__unioned', 'key': 'interaction_id'},
] %}
{% for message_model in message_models %}
    {% do touched_by.append({'parent': message_model, 'key': 'interaction_id'}) %}
{% endfor %}

{{ config(
    unique_key='message_id',
    indexes=[
        {'columns': ['interaction_id', 'sent_at']},
        {'columns': ['changed_xid']},
    ],
    meta={'touched_by': touched_by, 'touched_key': 'interaction_id'}
) }}

with

messages as (

    select * from {{ ref('int_messages__unioned') }}
    {{ only_touched('interaction_id') }}

),

interactions as (

    select * from {{ ref('int_interactions__unioned') }}
    {{ only_touched('interaction_id') }}

),

final as (

    select

        -- ids
        messages.message_id,
        messages.interaction_id,
        messages.source_record_id,
        messages.agent_id,

        -- strings
        messages.source_name,
        interactions.channel,
        messages.sender_type,
        messages.message_text,
        messages.intent,

        -- numerics
        messages.intent_confidence::numeric(5, 4) as intent_confidence,
        pg_current_xact_id() as changed_xid,

        -- booleans
        messages.is_public,
        messages.is_automatic,
        messages.is_fallback,
        {{ has_flag('messages.flags', 'late_arrival') }} as is_late_arrival,
        {{ has_flag('messages.flags', 'text_garbled') }} as is_text_garbled,

        -- timestamps
        messages.sent_at

    from messages
    inner join interactions
        on messages.interaction_id = interactions.interaction_id

)

select * from final
