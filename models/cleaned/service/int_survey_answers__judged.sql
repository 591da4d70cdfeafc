{{ config(
    unique_key='answer_id',
    indexes=[
        {'columns': ['answer_id'], 'unique': true},
        {'columns': ['invitation_id']},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_survey__answers',
        'answer_id',
        'survey.answers',
        group='invitation_id',
        also=[{'parent': 'stg_survey__invitations', 'key': 'invitation_id'}]
    )
) }}

with

versions as (

    select * from {{ ref('stg_survey__answers') }}
    {{ only_touched('invitation_id') }}

),

invitations as (

    select distinct on (invitation_id)
        invitation_id,
        survey_type_raw
    from {{ ref('stg_survey__invitations') }}
    {{ only_touched('invitation_id') }}
    order by
        invitation_id asc,
        exported_at desc,
        source_file_name desc,
        source_row_number desc

),

scales as (

    select * from {{ ref('seed_survey_scales') }}

),

latest as (

    {{ latest_version('versions', 'answer_id') }}

),

marked as (

    select
        latest.*,
        scales.lowest_score,
        scales.highest_score,
        lag(latest.answer_id) over same_answer as previous_answer_id
    from latest
    left join invitations
        on latest.invitation_id = invitations.invitation_id
    left join scales
        on invitations.survey_type_raw = scales.survey_type
    window same_answer as (
        partition by latest.invitation_id, latest.score, latest.answered_at
        order by latest.answer_id asc
    )

),

ruled as (

    select
        answer_id,
        invitation_id,
        row_id,
        version_count,
        first_exported_at,
        previous_answer_id as duplicate_of_id,
        case
            when
                score is null or score not between lowest_score and highest_score
                then 'score_out_of_scale'
            when previous_answer_id is not null then 'duplicate'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case when {{ is_late_arrival('answered_at') }} then 'late_arrival' end,
                case
                    when score in (lowest_score, highest_score) then 'score_extreme'
                end
            ),
            ''
        ) as flags
    from marked

),

final as (

    {{ verdict('ruled', 'answer_id', 'survey.answers', group='invitation_id') }}

)

select * from final
