{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_incidents__judged', 'key': 'incident_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_incidents__judged') }}
    {{ only_touched('incident_id') }}

),

incidents as (

    select * from {{ ref('stg_servicenow__incident_events') }}

),

channel_values as (

    select * from {{ ref('seed_channel_values') }}
    where source_name = 'servicenow'

),

final as (

    select

        -- ids
        {{ surrogate_key(["'servicenow'", 'incidents.incident_id']) }}
            as interaction_id,
        incidents.incident_id as source_record_id,
        'servicenow/' || incidents.agent_id as agent_id,
        incidents.caller_id,

        -- strings
        'servicenow' as source_name,
        coalesce(channel_values.channel, 'unknown') as channel,
        'inbound' as direction,
        null::text as site_code,
        incidents.assignment_group as queue_name,
        incidents.category as topic,
        null::text as contact_phone,
        null::text as contact_email,
        verdicts.flags,
        incidents.channel_raw,
        incidents.priority_raw,
        incidents.status_raw as incident_status,

        -- numerics
        null::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        null::integer as after_work_seconds,
        null::integer as first_response_seconds,
        null::integer as first_reply_seconds,
        null::integer as handoff_response_seconds,
        null::integer as handle_seconds,
        incidents.reassignment_count as transfer_count,
        null::bigint as message_count,
        incidents.reopen_count,
        null::integer as resolution_days,
        (extract(epoch from incidents.resolved_at - incidents.opened_at))::integer
            as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        incidents.resolved_at is not null as is_handled,
        null::boolean as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        incidents.resolved_at is not null as is_resolved,
        false as is_complaint,
        incidents.is_sla_made as is_sla_met,

        -- dates
        (incidents.resolved_at at time zone 'UTC')::date as resolved_date,

        -- timestamps
        incidents.opened_at as started_at,
        incidents.closed_at as ended_at,
        incidents.resolved_at,
        verdicts.first_exported_at

    from verdicts
    inner join incidents
        on verdicts.row_id = incidents.row_id
    left join channel_values
        on incidents.channel_raw = channel_values.channel_value
    where verdicts.rejection_reason is null

)

select * from final
