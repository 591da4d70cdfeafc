{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['request_key']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_service_requests__judged', 'key': 'request_key'},
        ],
        'touched_key': 'request_key',
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_service_requests__judged') }}
    {{ only_touched('request_key') }}

),

requests as (

    select * from {{ ref('stg_requests311__requests') }}

),

channel_values as (

    select * from {{ ref('seed_channel_values') }}
    where source_name = 'requests311'

),

final as (

    select

        -- ids
        {{ surrogate_key(["'requests311'", 'verdicts.request_id']) }} as interaction_id,
        verdicts.request_id as source_record_id,
        verdicts.request_key,
        null::text as agent_id,

        -- strings
        'requests311' as source_name,
        coalesce(channel_values.channel, 'unknown') as channel,
        'inbound' as direction,
        null::text as site_code,
        requests.department as queue_name,
        requests.service_request_type as topic,
        null::text as contact_phone,
        null::text as contact_email,
        verdicts.flags,
        requests.channel_raw,
        requests.closure_reason,
        requests.local_area,

        -- numerics
        null::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        null::integer as after_work_seconds,
        null::integer as first_response_seconds,
        null::integer as first_reply_seconds,
        null::integer as handoff_response_seconds,
        null::integer as handle_seconds,
        null::bigint as transfer_count,
        null::bigint as message_count,
        null::bigint as reopen_count,
        (
            requests.closed_date
            - (requests.opened_at at time zone 'America/Vancouver')::date
        )::integer as resolution_days,
        null::integer as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        requests.status_raw = 'Close' as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        requests.status_raw = 'Close' as is_resolved,
        false as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        requests.closed_date as resolved_date,

        -- timestamps
        requests.opened_at as started_at,
        null::timestamptz as ended_at,
        null::timestamptz as resolved_at,
        verdicts.first_exported_at

    from verdicts
    inner join requests
        on verdicts.row_id = requests.row_id
    left join channel_values
        on requests.channel_raw = channel_values.channel_value
    where verdicts.rejection_reason is null

)

select * from final
