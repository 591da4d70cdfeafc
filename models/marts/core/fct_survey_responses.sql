{{ config(
    unique_key='invitation_id',
    indexes=[
        {'columns': ['interaction_id']},
        {'columns': ['customer_id', 'sent_at']},
        {'columns': ['agent_id', 'sent_date']},
        {'columns': ['satisfaction_line_date_id']},
        {'columns': ['sent_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_survey_invitations__cleaned', 'key': 'invitation_id'},
            {'parent': 'int_survey_answers__cleaned', 'key': 'invitation_id'},
            {'parent': 'int_survey_answers__judged', 'key': 'invitation_id'},
            {
                'parent': 'fct_interactions',
                'key': 'interaction_id',
                'via': {
                    'model': 'int_survey_invitations__cleaned',
                    'column': 'interaction_id',
                    'key': 'invitation_id',
                },
            },
            {
                'parent': 'int_records__resolved',
                'key': 'customer_id',
                'via': {
                    'model': 'fct_survey_responses',
                    'column': 'customer_id',
                    'key': 'invitation_id',
                },
            },
            {
                'parent': 'int_records__resolved',
                'key': 'substr(record_id, 12)',
                'where': "starts_with(record_id, 'invitation:')",
            },
            {
                'parent': 'int_records__resolved',
                'key': 'substr(record_id, 13)',
                'where': "starts_with(record_id, 'interaction:')",
                'via': {
                    'model': 'int_survey_invitations__cleaned',
                    'column': 'interaction_id',
                    'key': 'invitation_id',
                },
            },
            {
                'parent': 'int_records__resolved',
                'key': 'substr(record_id, 8)',
                'where': "starts_with(record_id, 'ticket:')",
                'via': {
                    'model': 'int_survey_invitations__cleaned',
                    'column': 'interaction_id',
                    'key': 'invitation_id',
                },
            },
            {
                'parent': 'int_records__resolved',
                'key': 'substr(record_id, 8)',
                'where': "starts_with(record_id, 'ticket:')",
                'each': "unnest(array("
                    ~ "select invitations.invitation_id"
                    ~ " from [int_ticket_interactions__cleaned] as contacts"
                    ~ " inner join [int_survey_invitations__cleaned] as invitations"
                    ~ " on contacts.interaction_id = invitations.interaction_id"
                    ~ " where contacts.ticket_id = fresh_key))",
            },
        ],
        'moves': ['customer_id', 'satisfaction_line_date_id'],
    }
) }}

-- an answer that is no longer counted is known by its verdict alone
-- depends_on: {{ ref('int_survey_answers__judged') }}

with

invitations as (

    select * from {{ ref('int_survey_invitations__cleaned') }}
    {{ only_touched('invitation_id') }}

),

answers as (

    select * from {{ ref('int_survey_answers__cleaned') }}
    {{ only_touched('invitation_id') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

records as (

    select * from {{ ref('int_records__resolved') }}

),

scored as (

    -- who answers twice means the last answer; the first tells what it was before
    select
        invitation_id,
        count(*) as answer_count,
        (array_agg(score order by answered_at asc, answer_id asc))[1] as first_score,
        (array_agg(score order by answered_at desc, answer_id desc))[1] as score,
        min(answered_at) as first_answered_at,
        max(answered_at) as answered_at
    from answers
    group by invitation_id

),

joined as (

    select
        invitations.invitation_id,
        invitations.interaction_id,
        -- a contact that is not kept leaves at least the one who was asked
        coalesce(interactions.customer_id, records.customer_id) as customer_id,
        interactions.agent_id,
        invitations.survey_type,
        coalesce(interactions.channel, 'unknown') as channel,
        interactions.site_code,
        interactions.queue_name,
        interactions.topic,
        coalesce(scored.answer_count, 0) as answer_count,
        scored.first_score,
        scored.score,
        interactions.interaction_id is not null as is_contact_known,
        {{ business_date('invitations.sent_at') }} as sent_date,
        invitations.sent_at,
        scored.first_answered_at,
        scored.answered_at
    from invitations
    {{ looked_up(
        'interactions',
        'invitations.interaction_id = interactions.interaction_id',
        kind='left'
    ) }}
    {{ looked_up(
        'records',
        "'invitation:' || invitations.invitation_id = records.record_id",
        kind='left'
    ) }}
    left join scored
        on invitations.invitation_id = scored.invitation_id

),

final as (

    select

        -- ids
        invitation_id,
        interaction_id,
        customer_id,
        agent_id,
        {{ surrogate_key([
            'sent_date', 'channel', 'site_code', 'queue_name', 'agent_id', 'topic'
        ]) }}
            as satisfaction_line_date_id,

        -- strings
        survey_type,
        channel,
        site_code,
        queue_name,
        topic,
        case
            when survey_type <> 'nps' then null
            when score >= 9 then 'promoter'
            when score >= 7 then 'passive'
            when score >= 0 then 'detractor'
        end as nps_group,
        case
            when survey_type <> 'csat' then null
            when first_score >= 4 and score < 4 then 'good_to_bad'
            when first_score < 4 and score >= 4 then 'bad_to_good'
        end as satisfaction_change,

        -- numerics
        score::integer as score,
        first_score::integer as first_score,
        answer_count,
        extract(epoch from first_answered_at - sent_at)::bigint as response_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_contact_known,
        answer_count > 0 as is_answered,
        case when survey_type = 'csat' then score >= 4 end as is_satisfied,

        -- dates
        sent_date,

        -- timestamps
        sent_at,
        answered_at

    from joined

)

select * from final
