{{ config(
    unique_key='person_id',
    indexes=[
        {'columns': ['person_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_ticket_roles__drawn', 'key': 'person_id'},
            {'parent': 'stg_zendesk__people', 'key': 'person_id'},
        ],
    }
) }}

with

roles as (

    select * from {{ ref('int_ticket_roles__drawn') }}
    {{ only_touched('person_id') }}

),

people as (

    select * from {{ ref('stg_zendesk__people') }}
    {{ only_touched('person_id') }}

),

final as (

    select

        -- ids
        roles.person_id,

        -- strings
        {{ standardise_text('people.name_raw') }} as agent_name,
        {{ standardise_email('people.email_raw') }} as email,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        people.person_id is not null as is_known

    from roles
    left join people
        on roles.person_id = people.person_id

)

select * from final
