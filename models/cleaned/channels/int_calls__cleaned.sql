{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_calls__judged', 'key': 'call_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_calls__judged') }}
    {{ only_touched('call_id') }}

),

calls as (

    select * from {{ ref('stg_phone__calls') }}

),

dispositions as (

    select * from {{ ref('seed_dispositions') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'phone'", 'calls.call_id']) }} as interaction_id,
        calls.call_id as source_record_id,
        calls.agent_id,
        calls.callback_of_call_id,

        -- strings
        'phone' as source_name,
        'phone' as channel,
        calls.direction_raw as direction,
        calls.site_code,
        calls.queue_name,
        dispositions.topic,
        {{ standardise_phone(
            'calls.caller_phone_raw', phone_region('calls.site_code')
        ) }}
            as contact_phone,
        calls.caller_phone_raw as contact_phone_raw,
        null::text as contact_email,
        verdicts.flags,
        calls.call_result_raw as call_result,
        calls.language_code,

        -- numerics
        calls.wait_seconds::integer as wait_seconds,
        calls.talk_seconds::integer as talk_seconds,
        calls.hold_seconds::integer as hold_seconds,
        calls.acw_seconds::integer as after_work_seconds,
        (case
            when calls.direction_raw = 'inbound' and calls.call_result_raw = 'ANSWERED'
                then calls.wait_seconds
        end)::integer as first_response_seconds,
        (case
            when calls.direction_raw = 'inbound' and calls.call_result_raw = 'ANSWERED'
                then extract(epoch from calls.answered_at - calls.started_at)
        end)::integer as first_reply_seconds,
        null::integer as handoff_response_seconds,
        (case
            when calls.direction_raw = 'inbound' and calls.call_result_raw = 'ANSWERED'
                then calls.talk_seconds + calls.hold_seconds + calls.acw_seconds
        end)::integer as handle_seconds,
        calls.transfer_count,
        null::bigint as message_count,
        null::bigint as reopen_count,
        null::integer as resolution_days,
        (case
            when calls.resolved_raw = 'Y'
                then extract(epoch from calls.ended_at - calls.started_at)
        end)::integer as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        calls.direction_raw = 'inbound'
        and coalesce(calls.ivr_outcome_raw = 'queue', false) as is_offered,
        calls.direction_raw = 'inbound'
        and coalesce(calls.call_result_raw = 'ANSWERED', false) as is_handled,
        calls.direction_raw = 'inbound'
        and coalesce(calls.call_result_raw = 'ABANDONED', false) as is_abandoned,
        calls.direction_raw = 'inbound'
        and coalesce(calls.call_result_raw = 'CALLBACK', false) as is_callback,
        false as is_handed_off,
        case calls.resolved_raw when 'Y' then true when 'N' then false end
            as is_resolved,
        coalesce(dispositions.is_complaint, false) as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        calls.started_at,
        calls.ended_at,
        case when calls.resolved_raw = 'Y' then calls.ended_at end as resolved_at,
        verdicts.first_exported_at

    from verdicts
    inner join calls
        on verdicts.row_id = calls.row_id
    left join dispositions
        on calls.disposition_raw = dispositions.disposition
    where verdicts.rejection_reason is null

)

select * from final
