{{ config(
    unique_key='question_line_date_id',
    indexes=[
        {'columns': ['asked_date']},
        {'columns': ['question_fingerprint']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_bot_questions', 'key': 'question_line_date_id'},
        ],
    }
) }}

with

questions as (

    select * from {{ ref('fct_bot_questions') }}
    {{ only_touched('question_line_date_id') }}

),

daily as (

    select
        question_line_date_id,
        channel,
        site_code,
        topic,
        question_fingerprint,
        asked_date,
        min(question_pattern) as question_pattern,
        count(*) as question_count,
        count(*) filter (where is_unresolved) as unresolved_question_count,
        count(*) filter (where unresolved_reason = 'fallback') as fallback_count,
        count(*) filter (where unresolved_reason = 'no_answer') as no_answer_count,
        count(*) filter (where is_last_before_handoff) as handed_off_count,
        count(distinct interaction_id) as contact_count
    from questions
    where asked_date is not null
    group by
        question_line_date_id,
        channel,
        site_code,
        topic,
        question_fingerprint,
        asked_date

),

final as (

    select

        -- ids
        question_line_date_id,

        -- strings
        channel,
        site_code,
        topic,
        question_pattern,
        question_fingerprint,

        -- numerics
        question_count,
        unresolved_question_count,
        fallback_count,
        no_answer_count,
        handed_off_count,
        contact_count,
        (unresolved_question_count::numeric / question_count)::numeric(5, 4)
            as unresolved_question_rate,
        pg_current_xact_id() as changed_xid,

        -- dates
        asked_date

    from daily

)

select * from final
