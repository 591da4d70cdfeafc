-- what customers asked the bot in the last 28 reporting days without getting an answer,
-- the most frequent first: what to teach it next
with

questions as (

    select * from {{ ref('kpi_bot_questions_daily') }}

),

latest as (

    select max(asked_date) as last_date
    from {{ ref('kpi_bot_questions_daily') }}

),

final as (

    select
        questions.question_pattern,
        questions.site_code,
        sum(questions.question_count) as question_count,
        sum(questions.unresolved_question_count) as unresolved_question_count,
        sum(questions.handed_off_count) as handed_off_count,
        round(
            sum(questions.unresolved_question_count)
            / nullif(sum(questions.question_count), 0),
            4
        ) as unresolved_question_rate
    from questions
    cross join latest
    where questions.asked_date > latest.last_date - 28
    group by questions.question_pattern, questions.site_code
    having sum(questions.unresolved_question_count) > 0

)

select * from final
order by unresolved_question_count desc, question_pattern asc
limit 50
