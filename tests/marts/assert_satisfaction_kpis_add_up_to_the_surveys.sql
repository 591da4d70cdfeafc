{{ config(meta={'dagster': {'ref': {'name': 'kpi_satisfaction_daily'}}}) }}

-- two marts that state the same number agree exactly, channel by channel
with

from_surveys as (

    select
        channel,
        count(*) as invitation_count,
        count(*) filter (where is_answered) as answer_count,
        count(*) filter (where survey_type = 'csat' and score >= 4)
            as csat_satisfied_count,
        count(*) filter (where survey_type = 'nps' and score >= 9)
            as nps_promoter_count,
        count(*) filter (where survey_type = 'nps' and score <= 6)
            as nps_detractor_count,
        coalesce(sum(score), 0) as score_sum
    from {{ ref('fct_survey_responses') }}
    where sent_at is not null
    group by channel

),

from_days as (

    select
        channel,
        sum(invitation_count) as invitation_count,
        sum(answer_count) as answer_count,
        sum(csat_satisfied_count) as csat_satisfied_count,
        sum(nps_promoter_count) as nps_promoter_count,
        sum(nps_detractor_count) as nps_detractor_count,
        sum(csat_score_sum + nps_score_sum + ces_score_sum) as score_sum
    from {{ ref('kpi_satisfaction_daily') }}
    group by channel

)

select
    from_surveys.channel,
    from_surveys.invitation_count,
    from_days.invitation_count as daily_invitation_count,
    from_surveys.answer_count,
    from_days.answer_count as daily_answer_count
from from_surveys
full join from_days
    on from_surveys.channel = from_days.channel
where
    (
        from_surveys.invitation_count,
        from_surveys.answer_count,
        from_surveys.csat_satisfied_count,
        from_surveys.nps_promoter_count,
        from_surveys.nps_detractor_count,
        from_surveys.score_sum
    ) is distinct from (
        from_days.invitation_count,
        from_days.answer_count,
        from_days.csat_satisfied_count,
        from_days.nps_promoter_count,
        from_days.nps_detractor_count,
        from_days.score_sum
    )
