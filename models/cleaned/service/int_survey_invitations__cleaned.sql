{{ config(
    unique_key='invitation_id',
    indexes=[
        {'columns': ['invitation_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_survey_invitations__judged', 'key': 'invitation_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_survey_invitations__judged') }}
    {{ only_touched('invitation_id') }}

),

invitations as (

    select * from {{ ref('stg_survey__invitations') }}

),

final as (

    select

        -- ids
        invitations.invitation_id,
        invitations.interaction_record_id,
        {{ surrogate_key([
            'invitations.interaction_source_name',
            'invitations.interaction_record_id',
        ]) }}
            as interaction_id,

        -- strings
        lower(invitations.survey_type_raw) as survey_type,
        invitations.interaction_source_name,
        {{ standardise_text('invitations.recipient_raw') }} as recipient,
        case
            when strpos(invitations.recipient_raw, '@') = 0
                then {{ standardise_any_phone('invitations.recipient_raw') }}
        end as recipient_phone,
        {{ standardise_email('invitations.recipient_raw') }} as recipient_email,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        invitations.sent_at,
        verdicts.first_exported_at

    from verdicts
    inner join invitations
        on verdicts.row_id = invitations.row_id
    where verdicts.rejection_reason is null

)

select * from final
