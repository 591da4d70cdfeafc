{{ config(
    unique_key='answer_id',
    indexes=[
        {'columns': ['answer_id'], 'unique': true},
        {'columns': ['invitation_id']},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_survey_answers__judged', 'key': 'answer_id'},
            {
                'parent': 'int_survey_invitations__cleaned',
                'key': 'invitation_id',
                'via': {
                    'model': 'stg_survey__answers',
                    'column': 'invitation_id',
                    'key': 'answer_id',
                },
            },
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_survey_answers__judged') }}
    {{ only_touched('answer_id') }}

),

answers as (

    select * from {{ ref('stg_survey__answers') }}

),

invitations as (

    select * from {{ ref('int_survey_invitations__cleaned') }}

),

final as (

    select

        -- ids
        answers.answer_id,
        answers.invitation_id,
        invitations.interaction_id,

        -- strings
        {{ standardise_text('answers.comment_raw') }} as answer_comment,
        invitations.survey_type,
        verdicts.flags,

        -- numerics
        answers.score,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        answers.answered_at,
        verdicts.first_exported_at

    from verdicts
    inner join answers
        on verdicts.row_id = answers.row_id
    left join invitations
        on answers.invitation_id = invitations.invitation_id
    where verdicts.rejection_reason is null

)

select * from final
