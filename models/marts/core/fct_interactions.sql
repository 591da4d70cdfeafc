{{ config(
    unique_key='interaction_id',
    indexes=[
        {'columns': ['started_at']},
        {'columns': ['channel_hour_id']},
        {'columns': ['customer_id']},
        {'columns': ['agent_id']},
        {'columns': ['source_name', 'source_record_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_interactions__unioned', 'key': 'interaction_id'},
            {'parent': 'int_survey_invitations__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_survey_answers__cleaned', 'key': 'interaction_id'},
            {'parent': 'int_topic_hits__counted', 'key': 'interaction_id'},
            {
                'parent': 'int_duration_fences__drawn',
                'key': 'fence_id',
                'via': {
                    'model': 'int_interactions__unioned',
                    'column': 'fence_id',
                    'key': 'interaction_id',
                },
            },
            {
                'parent': 'int_records__resolved',
                'key': "substr(record_id, 13)",
                'where': "starts_with(record_id, 'interaction:')",
            },
            {
                'parent': 'int_records__resolved',
                'key': "substr(record_id, 8)",
                'where': "starts_with(record_id, 'ticket:')",
                'via': {
                    'model': 'int_ticket_interactions__cleaned',
                    'column': 'ticket_id',
                    'key': 'interaction_id',
                },
            },
            {
                'parent': 'int_records__resolved',
                'key': "substr(record_id, 8)",
                'where': "starts_with(record_id, 'ticket:')",
            },
        ],
        'moves': ['channel_hour_id', 'agent_id', 'customer_id'],
        'quiet': ['customer_id'],
    }
) }}

with

interactions as (

    select * from {{ ref('int_interactions__unioned') }}
    {{ only_touched('interaction_id') }}

),

invitations as (

    select * from {{ ref('int_survey_invitations__cleaned') }}
    {{ only_touched('interaction_id') }}

),

answers as (

    select * from {{ ref('int_survey_answers__cleaned') }}
    {{ only_touched('interaction_id') }}

),

hits as (

    select * from {{ ref('int_topic_hits__counted') }}
    {{ only_touched('interaction_id') }}

),

ticket_contacts as (

    select * from {{ ref('int_ticket_interactions__cleaned') }}
    {{ only_touched('interaction_id') }}

),

contact_records as (

    select * from {{ ref('int_records__resolved') }}

),

-- imported anew: read twice, an import would be written down whole
ticket_records as (

    select * from {{ ref('int_records__resolved') }}

),

topic_values as (

    select * from {{ ref('seed_topic_values') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

fences as (

    select * from {{ ref('int_duration_fences__drawn') }}

),

invited as (

    select
        interaction_id,
        count(*) as csat_invitation_count
    from invitations
    where survey_type = 'csat'
    group by interaction_id

),

scored as (

    -- who answers twice means the last answer
    select distinct on (interaction_id)
        interaction_id,
        score as csat_score
    from answers
    where survey_type = 'csat'
    order by interaction_id asc, answered_at desc, answer_id desc

),

labelled as (

    select
        interaction_id,
        max(label) filter (where label_kind = 'topic') as topic,
        max(label) filter (where label_kind = 'issue') as issue_name,
        max(label) filter (where label_kind = 'product') as product_name
    from hits
    where label_rank = 1
    group by interaction_id

),

final as (

    select

        -- ids
        interactions.interaction_id,
        interactions.source_record_id,
        interactions.agent_id,
        -- a contact that is known only by its ticket is its requester's
        coalesce(contact_records.customer_id, ticket_records.customer_id)
            as customer_id,
        case
            when interactions.started_at is not null
                then {{ channel_hour_id(
                    'interactions.channel', 'interactions.started_at'
                ) }}
        end as channel_hour_id,

        -- strings
        interactions.source_name,
        interactions.channel,
        interactions.direction,
        interactions.site_code,
        interactions.queue_name,
        -- what the source says, else what the customer's words say
        coalesce(topic_values.topic, interactions.topic, labelled.topic) as topic,
        labelled.issue_name,
        labelled.product_name,
        interactions.contact_phone,
        interactions.contact_email,
        case
            when interactions.is_sla_met then 'met'
            when not interactions.is_sla_met then 'missed'
        end as sla_outcome,
        case
            when interactions.topic is not null then 'source'
            when labelled.topic is not null then 'classified'
            else 'no_keyword_found'
        end as topic_reason,
        case
            when interactions.started_at is null then 'source_has_no_times'
        end as started_at_reason,
        case
            when interactions.first_response_seconds is not null then null
            when interactions.direction = 'outbound' then 'outbound'
            when channels.channel_kind = 'bot' then 'no_human_on_channel'
            when interactions.started_at is null then 'source_has_no_times'
            when not interactions.is_handled then 'not_answered'
            else 'source_does_not_say'
        end as first_response_reason,
        case
            when interactions.handle_seconds is not null then null
            when interactions.direction = 'outbound' then 'outbound'
            when channels.channel_kind = 'bot' then 'no_human_on_channel'
            when not interactions.is_handled then 'not_answered'
            else 'source_does_not_say'
        end as handle_reason,

        -- numerics
        interactions.wait_seconds,
        interactions.talk_seconds,
        interactions.hold_seconds,
        interactions.after_work_seconds,
        interactions.first_response_seconds,
        interactions.first_reply_seconds,
        interactions.handoff_response_seconds,
        interactions.handle_seconds,
        interactions.resolution_seconds,
        interactions.resolution_days,
        interactions.transfer_count,
        interactions.message_count,
        coalesce(interactions.reopen_count, 0) as reopen_count,
        coalesce(invited.csat_invitation_count, 0) as csat_invitation_count,
        scored.csat_score::integer as csat_score,
        pg_current_xact_id() as changed_xid,

        -- booleans
        interactions.is_offered,
        interactions.is_handled,
        coalesce(interactions.is_abandoned, false) as is_abandoned,
        coalesce(
            interactions.is_abandoned
            and interactions.wait_seconds <= channels.short_abandon_seconds,
            false
        ) as is_short_abandoned,
        interactions.is_callback,
        interactions.is_handed_off,
        interactions.is_resolved is not null as is_resolution_known,
        coalesce(interactions.is_resolved, false) as is_resolved,
        interactions.is_complaint,
        {{ has_flag('interactions.flags', 'late_arrival') }} as is_late_arrival,
        {{ has_flag('interactions.flags', 'text_garbled') }} as is_text_garbled,
        coalesce(
            interactions.first_response_seconds <= 0
            or interactions.first_response_seconds
            not between response_fences.lower_fence_seconds
            and response_fences.upper_fence_seconds,
            false
        ) as is_first_response_outlier,
        coalesce(
            interactions.handle_seconds <= 0
            or interactions.handle_seconds
            not between handle_fences.lower_fence_seconds
            and handle_fences.upper_fence_seconds,
            false
        ) as is_handle_outlier,

        -- dates
        {{ business_date('interactions.started_at') }} as started_date,
        interactions.resolved_date,

        -- timestamps
        interactions.started_at,
        interactions.ended_at,
        interactions.resolved_at

    from interactions
    left join contact_records
        on 'interaction:' || interactions.interaction_id = contact_records.record_id
    left join ticket_contacts
        on interactions.interaction_id = ticket_contacts.interaction_id
    left join ticket_records
        on
            'ticket:'
            || coalesce(ticket_contacts.ticket_id, interactions.interaction_id)
            = ticket_records.record_id
    left join channels
        on interactions.channel = channels.channel
    left join invited
        on interactions.interaction_id = invited.interaction_id
    left join scored
        on interactions.interaction_id = scored.interaction_id
    left join labelled
        on interactions.interaction_id = labelled.interaction_id
    left join topic_values
        on
            lower(regexp_replace(interactions.topic, '[ _-]+', '_', 'g'))
            = topic_values.topic_value
    left join fences as response_fences
        on
            interactions.fence_id = response_fences.fence_id
            and response_fences.measure = 'first_response'
    left join fences as handle_fences
        on
            interactions.fence_id = handle_fences.fence_id
            and handle_fences.measure = 'handle'

)

select * from final
