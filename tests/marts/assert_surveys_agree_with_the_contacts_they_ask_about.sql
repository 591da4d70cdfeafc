{{ config(meta={'dagster': {'ref': {'name': 'fct_survey_responses'}}}) }}

-- the contact states the invitations and the last score that its surveys state
with

from_surveys as (

    select
        interaction_id,
        count(*) filter (where survey_type = 'csat') as csat_invitation_count,
        (
            array_agg(score order by answered_at desc)
            filter (where survey_type = 'csat' and is_answered)
        )[1] as csat_score,
        min(customer_id) as customer_id
    from {{ ref('fct_survey_responses') }}
    where is_contact_known
    group by interaction_id

),

contacts as (

    select
        interaction_id,
        customer_id,
        csat_invitation_count,
        csat_score
    from {{ ref('fct_interactions') }}

)

select
    contacts.interaction_id,
    contacts.csat_invitation_count,
    from_surveys.csat_invitation_count as survey_csat_invitation_count,
    contacts.csat_score,
    from_surveys.csat_score as survey_csat_score
from contacts
left join from_surveys
    on contacts.interaction_id = from_surveys.interaction_id
where
    contacts.csat_invitation_count <> coalesce(from_surveys.csat_invitation_count, 0)
    or contacts.csat_score is distinct from from_surveys.csat_score
    or contacts.customer_id is not null
    and contacts.customer_id <> from_surveys.customer_id
