{# every verdict model, with the type and the key of its records #}
{% set verdict_models = [
    ('app.conversations', 'int_app_conversations__judged', 'conversation_id'),
    ('app.messages', 'int_app_messages__judged', 'message_id'),
    ('bot.messages', 'int_bot_messages__judged', 'message_id'),
    ('bot.sessions', 'int_bot_sessions__judged', 'session_id'),
    ('phone.call_segments', 'int_call_segments__judged', 'segment_id'),
    ('phone.calls', 'int_calls__judged', 'call_id'),
    ('chat.messages', 'int_chat_messages__judged', 'message_id'),
    ('chat.sessions', 'int_chat_sessions__judged', 'session_id'),
    ('email.messages', 'int_email_messages__judged', 'message_id'),
    ('email.threads', 'int_email_threads__judged', 'thread_id'),
    ('social.messages', 'int_social_messages__judged', 'message_id'),
    ('store.visits', 'int_store_visits__judged', 'visit_id'),
    ('chat_transcripts.turns', 'int_transcript_turns__judged', 'message_id'),
    ('wechat.messages', 'int_wechat_messages__judged', 'message_id'),
    ('workforce.agent_states', 'int_agent_states__judged', 'state_id'),
    ('workforce.agents', 'int_agents__judged', 'agent_id'),
    ('crm.customers', 'int_customers__judged', 'crm_customer_id'),
    ('crm.deliveries', 'int_deliveries__judged', 'delivery_id'),
    ('marketing.experiment_assignments', 'int_experiment_assignments__judged', 'assignment_id'),
    ('crm.orders', 'int_orders__judged', 'order_id'),
    ('marketing.promotions', 'int_promotions__judged', 'promotion_id'),
    ('workforce.shifts', 'int_shifts__judged', 'shift_id'),
    ('people.records', 'int_people__judged', 'record_id'),
    ('servicenow.incident_events', 'int_incidents__judged', 'incident_id'),
    ('requests311.requests', 'int_service_requests__judged', 'request_id'),
    ('survey.answers', 'int_survey_answers__judged', 'answer_id'),
    ('survey.invitations', 'int_survey_invitations__judged', 'invitation_id'),
    ('helpdesk.ticket_changes', 'int_ticket_changes__judged', 'change_id'),
    ('helpdesk.tickets', 'int_tickets__judged', 'ticket_id'),
] %}

{% set touched_by = [] %}
{% for record_type, model_name, key in verdict_models %}
    {% do touched_by.append({
        'parent': model_name,
        'key': key,
        'each': "'" ~ record_type ~ ":' || fresh_key",
    }) %}
{% endfor %}

{{ config(
    unique_key='rejected_id',
    indexes=[
        {'columns': ['rejected_id'], 'unique': true},
        {'columns': ['record_type', 'rejection_reason']},
        {'columns': ['changed_xid']},
    ],
    meta={'touched_by': touched_by}
) }}

with

rejected as (

    {% for record_type, model_name, key in verdict_models %}
        select
            '{{ record_type }}:' || {{ key }} as rejected_id,
            {{ key }} as record_id,
            '{{ record_type }}' as record_type,
            rejection_reason,
            duplicate_of_id,
            row_id,
            first_exported_at
        from (
            select * from {{ ref(model_name) }}
            {{ only_touched(key, prefix=record_type ~ ':') }}
        ) as verdicts
        where rejection_reason is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

final as (

    select
        *,
        pg_current_xact_id() as changed_xid
    from rejected

)

select * from final
