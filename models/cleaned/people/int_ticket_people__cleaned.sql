{{ config(
    unique_key='person_id',
    indexes=[
        {'columns': ['person_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_zendesk__people', 'key': 'person_id'},
            {'parent': 'int_ticket_roles__drawn', 'key': 'person_id'},
        ],
    }
) }}

with

people as (

    select * from {{ ref('stg_zendesk__people') }}
    {{ only_touched('person_id') }}

),

roles as (

    select * from {{ ref('int_ticket_roles__drawn') }}
    {{ only_touched('person_id') }}

),

placed as (

    select
        *,
        {{ language_of('locale_raw') }} as language,
        {{ country_of('locale_raw') }} as country_code
    from people
    where not is_deleted

),

final as (

    select

        -- ids
        placed.person_id,

        -- strings
        placed.source_name,
        {{ standardise_line('placed.name_raw') }} as person_name,
        {{ standardise_any_phone(
            'placed.phone_raw', 'placed.country_code', 'placed.language'
        ) }}
            as phone,
        placed.phone_raw,
        {{ standardise_email('placed.email_raw') }} as email,
        placed.email_raw,
        placed.language,
        placed.country_code,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        placed.created_at

    from placed
    left join roles
        on placed.person_id = roles.person_id
    -- agents are people of ours, the account itself is nobody
    where roles.person_id is null and placed.person_id not like '%/-%'

)

select * from final
