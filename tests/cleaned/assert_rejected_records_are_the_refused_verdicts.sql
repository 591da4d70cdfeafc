{{ config(meta={'dagster': {'ref': {'name': 'int_records__rejected'}}}) }}

-- the list of what is left out holds every refusal, and only those
with

refused as (

    select
        'phone.calls' as record_type,
        call_id as record_id
    from {{ ref('int_calls__judged') }}
    where rejection_reason is not null
    union all
    select
        'chat.messages' as record_type,
        message_id as record_id
    from {{ ref('int_chat_messages__judged') }}
    where rejection_reason is not null
    union all
    select
        'survey.answers' as record_type,
        answer_id as record_id
    from {{ ref('int_survey_answers__judged') }}
    where rejection_reason is not null

),

listed as (

    select
        record_type,
        record_id
    from {{ ref('int_records__rejected') }}
    where record_type in ('phone.calls', 'chat.messages', 'survey.answers')

)

(
    select * from refused
    except
    select * from listed
)
union all
(
    select * from listed
    except
    select * from refused
)
