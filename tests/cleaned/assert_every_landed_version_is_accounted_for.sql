{{ config(meta={'dagster': {'ref': {'name': 'int_calls__cleaned'}}}) }}

{#
    landed versions = superseded + rejected + kept, per source table; counted are the
    versions that the verdicts could see when they were built
#}
{% set record_types = [
    ('stg_phone__calls', 'int_calls__judged', 'int_calls__cleaned'),
    ('stg_phone__call_segments', 'int_call_segments__judged', 'int_call_segments__cleaned'),
    ('stg_chat__sessions', 'int_chat_sessions__judged', 'int_chat_sessions__cleaned'),
    ('stg_chat__messages', 'int_chat_messages__judged', 'int_chat_messages__cleaned'),
    ('stg_email__threads', 'int_email_threads__judged', 'int_email_threads__cleaned'),
    ('stg_email__messages', 'int_email_messages__judged', 'int_email_messages__cleaned'),
    ('stg_app__conversations', 'int_app_conversations__judged', 'int_app_conversations__cleaned'),
    ('stg_app__messages', 'int_app_messages__judged', 'int_app_messages__cleaned'),
    ('stg_wechat__messages', 'int_wechat_messages__judged', 'int_wechat_messages__cleaned'),
    ('stg_social__messages', 'int_social_messages__judged', 'int_social_messages__cleaned'),
    ('stg_store__visits', 'int_store_visits__judged', 'int_store_visits__cleaned'),
    ('stg_bot__sessions', 'int_bot_sessions__judged', 'int_bot_sessions__cleaned'),
    ('stg_bot__messages', 'int_bot_messages__judged', 'int_bot_messages__cleaned'),
    ('stg_chat_transcripts__turns', 'int_transcript_turns__judged', 'int_transcript_turns__cleaned'),
    ('stg_survey__invitations', 'int_survey_invitations__judged', 'int_survey_invitations__cleaned'),
    ('stg_survey__answers', 'int_survey_answers__judged', 'int_survey_answers__cleaned'),
    ('stg_helpdesk__tickets', 'int_tickets__judged', 'int_tickets__cleaned'),
    ('stg_helpdesk__ticket_changes', 'int_ticket_changes__judged', 'int_ticket_changes__cleaned'),
    ('stg_requests311__requests', 'int_service_requests__judged', 'int_service_requests__cleaned'),
    ('stg_servicenow__incident_events', 'int_incidents__judged', 'int_incidents__cleaned'),
    ('stg_crm__customers', 'int_customers__judged', 'int_customers__cleaned'),
    ('stg_people__records', 'int_people__judged', 'int_people__cleaned'),
    ('stg_crm__orders', 'int_orders__judged', 'int_orders__cleaned'),
    ('stg_crm__deliveries', 'int_deliveries__judged', 'int_deliveries__cleaned'),
    ('stg_workforce__agents', 'int_agents__judged', 'int_agents__cleaned'),
    ('stg_workforce__agent_states', 'int_agent_states__judged', 'int_agent_states__cleaned'),
    ('stg_workforce__shifts', 'int_shifts__judged', 'int_shifts__cleaned'),
    ('stg_marketing__promotions', 'int_promotions__judged', 'int_promotions__cleaned'),
    (
        'stg_marketing__experiment_assignments',
        'int_experiment_assignments__judged',
        'int_experiment_assignments__cleaned',
    ),
] %}

with

landed as (

    {% for staging, judged, cleaned in record_types %}
        select
            '{{ staging }}' as staging_name,
            count(*) as landed_count
        from {{ ref(staging) }} as versions
        inner join {{ operations_schema() }}.watermarks as watermarks
            on pg_visible_in_snapshot(versions.landed_xid, watermarks.snapshot)
        where
            watermarks.relation
            = '{{ ref(judged).schema }}.{{ ref(judged).identifier }}'
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

verdicts as (

    {% for staging, judged, cleaned in record_types %}
        select
            '{{ staging }}' as staging_name,
            coalesce(sum(version_count), 0) - count(*) as superseded_count,
            count(*) filter (where rejection_reason is not null) as rejected_count
        from {{ ref(judged) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

kept as (

    {% for staging, judged, cleaned in record_types %}
        select
            '{{ staging }}' as staging_name,
            count(*) as kept_count
        from {{ ref(cleaned) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    landed.staging_name,
    landed.landed_count,
    verdicts.superseded_count,
    verdicts.rejected_count,
    kept.kept_count
from landed
inner join verdicts
    on landed.staging_name = verdicts.staging_name
inner join kept
    on landed.staging_name = kept.staging_name
where
    landed.landed_count
    != verdicts.superseded_count + verdicts.rejected_count + kept.kept_count
