{{ config(
    unique_key='invitation_id',
    indexes=[
        {'columns': ['invitation_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_survey__invitations', 'invitation_id', 'survey.invitations')
) }}

with

versions as (

    select * from {{ ref('stg_survey__invitations') }}
    {{ only_touched('invitation_id') }}

),

latest as (

    {{ latest_version('versions', 'invitation_id') }}

),

ruled as (

    select
        invitation_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        null::text as rule_reason,
        nullif(
            concat_ws(
                ',',
                case when {{ is_late_arrival('sent_at') }} then 'late_arrival' end
            ),
            ''
        ) as flags
    from latest

),

final as (

    {{ verdict('ruled', 'invitation_id', 'survey.invitations') }}

)

select * from final
