{{ config(
    unique_key='satisfaction_line_date_id',
    indexes=[
        {'columns': ['sent_date']},
        {'columns': ['agent_id', 'sent_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_survey_responses', 'key': 'satisfaction_line_date_id'},
        ],
    }
) }}

with

responses as (

    select * from {{ ref('fct_survey_responses') }}
    {{ only_touched('satisfaction_line_date_id') }}

),

daily as (

    select
        satisfaction_line_date_id,
        agent_id,
        channel,
        site_code,
        queue_name,
        topic,
        sent_date,
        count(*) as invitation_count,
        count(*) filter (where is_answered) as answer_count,
        {% for kind in ['csat', 'nps', 'ces'] %}
            count(*) filter (where survey_type = '{{ kind }}')
                as {{ kind }}_invitation_count,
            count(score) filter (where survey_type = '{{ kind }}')
                as {{ kind }}_answer_count,
            coalesce(sum(score) filter (where survey_type = '{{ kind }}'), 0)::bigint
                as {{ kind }}_score_sum,
        {% endfor %}
        count(*) filter (where is_satisfied) as csat_satisfied_count,
        count(*) filter (where satisfaction_change = 'good_to_bad')
            as csat_good_to_bad_count,
        count(*) filter (where satisfaction_change = 'bad_to_good')
            as csat_bad_to_good_count,
        count(*) filter (where nps_group = 'promoter') as nps_promoter_count,
        count(*) filter (where nps_group = 'passive') as nps_passive_count,
        count(*) filter (where nps_group = 'detractor') as nps_detractor_count
    from responses
    where sent_date is not null
    group by
        satisfaction_line_date_id,
        agent_id,
        channel,
        site_code,
        queue_name,
        topic,
        sent_date

),

final as (

    select

        -- ids
        satisfaction_line_date_id,
        agent_id,

        -- strings
        channel,
        site_code,
        queue_name,
        topic,
        {% for kind in ['csat', 'nps', 'ces'] %}
            case
                when {{ kind }}_invitation_count = 0 then 'not_asked'
                when {{ kind }}_answer_count = 0 then 'not_answered'
            end as {{ kind }}_reason,
            case when {{ kind }}_invitation_count = 0 then 'not_asked' end
                as {{ kind }}_response_reason,
        {% endfor %}

        -- numerics
        invitation_count,
        answer_count,
        csat_invitation_count,
        csat_answer_count,
        csat_satisfied_count,
        csat_score_sum,
        csat_good_to_bad_count,
        csat_bad_to_good_count,
        nps_invitation_count,
        nps_answer_count,
        nps_promoter_count,
        nps_passive_count,
        nps_detractor_count,
        nps_score_sum,
        ces_invitation_count,
        ces_answer_count,
        ces_score_sum,
        (answer_count::numeric / invitation_count)::numeric(5, 4) as response_rate,
        {% for kind in ['csat', 'nps', 'ces'] %}
            ({{ kind }}_answer_count::numeric / nullif({{ kind }}_invitation_count, 0))
            ::numeric(5, 4) as {{ kind }}_response_rate,
        {% endfor %}
        (csat_satisfied_count::numeric / nullif(csat_answer_count, 0))
        ::numeric(5, 4) as csat_rate,
        (csat_score_sum::numeric / nullif(csat_answer_count, 0))::numeric(4, 2)
            as average_csat_score,
        (
            100 * (nps_promoter_count - nps_detractor_count)::numeric
            / nullif(nps_answer_count, 0)
        )::numeric(5, 2) as nps_score,
        (ces_score_sum::numeric / nullif(ces_answer_count, 0))::numeric(4, 2)
            as average_ces_score,
        pg_current_xact_id() as changed_xid,

        -- dates
        sent_date

    from daily

)

select * from final
