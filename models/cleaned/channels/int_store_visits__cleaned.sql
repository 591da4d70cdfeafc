{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_store_visits__judged', 'key': 'visit_id'},
        ],
        'moves': ['interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_store_visits__judged') }}
    {{ only_touched('visit_id') }}

),

visits as (

    select * from {{ ref('stg_store__visits') }}

),

final as (

    select

        -- ids
        {{ surrogate_key(["'store'", 'visits.visit_id']) }} as interaction_id,
        visits.visit_id as source_record_id,
        visits.agent_id,

        -- strings
        'store' as source_name,
        'store' as channel,
        'inbound' as direction,
        visits.store_code as site_code,
        null::text as queue_name,
        null::text as topic,
        {{ standardise_phone('visits.phone_raw', phone_region('visits.store_code')) }}
            as contact_phone,
        visits.phone_raw as contact_phone_raw,
        null::text as contact_email,
        verdicts.flags,
        {{ standardise_text('visits.visitor_name_raw') }} as visitor_name,
        visits.loyalty_card_raw as loyalty_card,
        {{ standardise_text('visits.reason_raw') }} as visit_reason,

        -- numerics
        (extract(
            epoch from
            coalesce(visits.served_at, visits.left_at) - visits.arrived_at
        ))::integer as wait_seconds,
        null::integer as talk_seconds,
        null::integer as hold_seconds,
        null::integer as after_work_seconds,
        (extract(epoch from visits.served_at - visits.arrived_at))::integer
            as first_response_seconds,
        (extract(epoch from visits.served_at - visits.arrived_at))::integer
            as first_reply_seconds,
        null::integer as handoff_response_seconds,
        (extract(epoch from visits.left_at - visits.served_at))::integer
            as handle_seconds,
        null::bigint as transfer_count,
        null::bigint as message_count,
        null::bigint as reopen_count,
        null::integer as resolution_days,
        (case
            when visits.outcome_raw = 'resolved'
                then extract(epoch from visits.left_at - visits.arrived_at)
        end)::integer as resolution_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_offered,
        visits.served_at is not null as is_handled,
        visits.served_at is null as is_abandoned,
        false as is_callback,
        false as is_handed_off,
        visits.outcome_raw = 'resolved' as is_resolved,
        coalesce(visits.has_complaint_form, false) as is_complaint,
        null::boolean as is_sla_met,

        -- dates
        null::date as resolved_date,

        -- timestamps
        visits.arrived_at as started_at,
        visits.left_at as ended_at,
        case when visits.outcome_raw = 'resolved' then visits.left_at end
            as resolved_at,
        verdicts.first_exported_at

    from verdicts
    inner join visits
        on verdicts.row_id = visits.row_id
    where verdicts.rejection_reason is null

)

select * from final
