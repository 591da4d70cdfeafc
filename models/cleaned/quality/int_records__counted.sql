{# every verdict model, with the type of its records #}
{% set verdict_models = [
    ('app.conversations', 'int_app_conversations__judged'),
    ('app.messages', 'int_app_messages__judged'),
    ('bot.messages', 'int_bot_messages__judged'),
    ('bot.sessions', 'int_bot_sessions__judged'),
    ('phone.call_segments', 'int_call_segments__judged'),
    ('phone.calls', 'int_calls__judged'),
    ('chat.messages', 'int_chat_messages__judged'),
    ('chat.sessions', 'int_chat_sessions__judged'),
    ('email.messages', 'int_email_messages__judged'),
    ('email.threads', 'int_email_threads__judged'),
    ('social.messages', 'int_social_messages__judged'),
    ('store.visits', 'int_store_visits__judged'),
    ('chat_transcripts.turns', 'int_transcript_turns__judged'),
    ('wechat.messages', 'int_wechat_messages__judged'),
    ('workforce.agent_states', 'int_agent_states__judged'),
    ('workforce.agents', 'int_agents__judged'),
    ('crm.customers', 'int_customers__judged'),
    ('crm.deliveries', 'int_deliveries__judged'),
    ('marketing.experiment_assignments', 'int_experiment_assignments__judged'),
    ('crm.orders', 'int_orders__judged'),
    ('marketing.promotions', 'int_promotions__judged'),
    ('workforce.shifts', 'int_shifts__judged'),
    ('people.records', 'int_people__judged'),
    ('servicenow.incident_events', 'int_incidents__judged'),
    ('requests311.requests', 'int_service_requests__judged'),
    ('survey.answers', 'int_survey_answers__judged'),
    ('survey.invitations', 'int_survey_invitations__judged'),
    ('helpdesk.ticket_changes', 'int_ticket_changes__judged'),
    ('helpdesk.tickets', 'int_tickets__judged'),
] %}

{#
    Counting reads every verdict, so it waits until what has landed since the last count
    is a twentieth of what had landed then, or a day is over: the work stays proportional
    to what lands. What was counted stays counted, so a rebuild counts by the same rule
#}
{{ config(
    unique_key=['record_type', 'outcome'],
    full_refresh=false,
    indexes=[
        {'columns': ['record_type', 'outcome'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_key': 'record_type',
        'touched_by': [{
            'parent': 'seed_source_tables',
            'key': 'record_type',
            'always': true,
            'where': "
                not exists (
                    select 1 from :this as counted
                    where counted.record_type = parent.record_type
                        and counted.destination_name
                        is not distinct from parent.destination_name
                        and counted.shortfall_reason
                        is not distinct from parent.shortfall_reason
                )
                or exists (
                    select 1 from :this as counted
                    where counted.counted_at < :as_of - interval '1 day'
                )
                or 1.05 * (select max(counted.landed_count) from :this as counted)
                < (select sum(batches.row_count) from [stg_loads__batches] as batches)
            ",
        }],
    }
) }}

with

batches as (

    select * from {{ ref('int_batches__cleaned') }}

),

-- imported anew: read twice, an import would be written down whole
all_batches as (

    select * from {{ ref('int_batches__cleaned') }}

),

destinations as (

    select * from {{ ref('seed_source_tables') }}

),

landed as (

    select coalesce(sum(row_count), 0)::bigint as landed_count
    from all_batches

),

verdicts as (

    {% for record_type, model_name in verdict_models %}
        select
            '{{ record_type }}' as record_type,
            coalesce(rejection_reason, 'kept') as outcome,
            count(*) as record_count,
            sum(version_count) - count(*) as superseded_count
        from {{ ref(model_name) }}
        group by rejection_reason
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

unreadable as (

    select
        source_name || '.' || table_name as record_type,
        'unreadable' as outcome,
        sum(unreadable_count) as record_count,
        0 as superseded_count
    from batches
    group by source_name, table_name
    having sum(unreadable_count) > 0

),

counted as (

    select
        record_type,
        outcome,
        record_count,
        superseded_count
    from verdicts
    union all
    select
        record_type,
        outcome,
        record_count,
        superseded_count
    from unreadable

),

final as (

    select

        -- strings
        destinations.record_type,
        -- a type of which nothing has landed has its row too
        coalesce(counted.outcome, 'kept') as outcome,
        destinations.destination_name,
        destinations.shortfall_reason,

        -- numerics
        coalesce(counted.record_count, 0)::bigint as record_count,
        coalesce(counted.superseded_count, 0)::bigint as superseded_count,
        landed.landed_count,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        {{ as_of() }} as counted_at

    from destinations
    cross join landed
    left join counted
        on destinations.record_type = counted.record_type

)

select * from final
{{ only_touched('record_type') }}
