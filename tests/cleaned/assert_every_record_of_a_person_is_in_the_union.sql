{{ config(meta={'dagster': {'ref': {'name': 'int_records__unioned'}}}) }}

-- every kept record that says who a person is, of every record type, once and no other
with

expected as (

    {% for model_name in [
        'int_calls__cleaned',
        'int_chat_sessions__cleaned',
        'int_email_threads__cleaned',
        'int_app_conversations__cleaned',
        'int_wechat_interactions__cleaned',
        'int_social_interactions__cleaned',
        'int_store_visits__cleaned',
        'int_bot_sessions__cleaned',
    ] %}
        select 'interaction:' || interaction_id as record_id
        from {{ ref(model_name) }}
        union all
    {% endfor %}
    select 'customer:' || crm_customer_id as record_id
    from {{ ref('int_customers__cleaned') }}
    union all
    select 'ticket:' || ticket_id as record_id
    from {{ ref('int_tickets__unioned') }}
    union all
    select 'person:' || person_id as record_id
    from {{ ref('int_ticket_people__cleaned') }}
    union all
    select 'order:' || order_id as record_id
    from {{ ref('int_orders__cleaned') }}
    union all
    select 'assignment:' || assignment_id as record_id
    from {{ ref('int_experiment_assignments__cleaned') }}
    union all
    select 'invitation:' || invitation_id as record_id
    from {{ ref('int_survey_invitations__cleaned') }}

),

expected_people as (

    select count(*) as expected_count
    from {{ ref('int_people__cleaned') }}

),

found_people as (

    select count(*) as found_count
    from {{ ref('int_records__unioned') }}
    where source_name = 'people'

),

found as (

    select record_id
    from {{ ref('int_records__unioned') }}
    where source_name != 'people'

)

-- the keys of the union are unique, so of the many records of people a count will do
select
    'people' as record_id,
    expected_people.expected_count,
    found_people.found_count
from expected_people
cross join found_people
where expected_people.expected_count != found_people.found_count
union all
select
    coalesce(expected.record_id, found.record_id) as record_id,
    count(expected.record_id) as expected_count,
    count(found.record_id) as found_count
from expected
full join found
    on expected.record_id = found.record_id
group by coalesce(expected.record_id, found.record_id)
having count(expected.record_id) != 1 or count(found.record_id) != 1
