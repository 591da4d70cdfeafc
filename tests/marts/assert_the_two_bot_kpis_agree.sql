{{ config(meta={'dagster': {'ref': {'name': 'kpi_bot_questions_daily'}}}) }}

-- the list of questions holds each that was put to a bot, under the topic of its
-- conversation; a conversation over midnight asks on two days, so days are not compared
with

from_questions as (

    select
        channel,
        site_code,
        topic,
        sum(question_count) as question_count,
        sum(unresolved_question_count) as unresolved_question_count
    from {{ ref('kpi_bot_questions_daily') }}
    group by channel, site_code, topic

),

from_conversations as (

    select
        channel,
        site_code,
        topic,
        sum(question_count) as question_count,
        sum(unresolved_question_count) as unresolved_question_count
    from {{ ref('kpi_bot_daily') }}
    group by channel, site_code, topic
    having sum(question_count) > 0

)

select
    from_questions.channel,
    from_questions.site_code,
    from_questions.topic,
    from_questions.question_count,
    from_conversations.question_count as conversation_question_count
from from_questions
full join from_conversations
    on
        from_questions.channel = from_conversations.channel
        and from_questions.site_code is not distinct from from_conversations.site_code
        and from_questions.topic is not distinct from from_conversations.topic
where
    (from_questions.question_count, from_questions.unresolved_question_count)
    is distinct from
    (
        from_conversations.question_count,
        from_conversations.unresolved_question_count
    )
