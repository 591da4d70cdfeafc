{{ config(
    unique_key='agent_contact_id',
    indexes=[
        {'columns': ['interaction_id']},
        {'columns': ['agent_date_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_interactions', 'key': 'interaction_id'},
            {'parent': 'fct_call_segments', 'key': 'interaction_id'},
            {'parent': 'fct_contact_chains', 'key': 'interaction_id'},
        ],
        'touched_key': 'interaction_id',
        'moves': ['agent_date_id'],
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('interaction_id') }}

),

call_segments as (

    select * from {{ ref('fct_call_segments') }}
    {{ only_touched('interaction_id') }}

),

-- imported anew: read twice, an import would be written down whole
calls_with_stays as (

    select * from {{ ref('fct_call_segments') }}
    {{ only_touched('interaction_id') }}

),

contact_chains as (

    select * from {{ ref('fct_contact_chains') }}
    {{ only_touched('interaction_id') }}

),

stayed as (

    select interaction_id
    from calls_with_stays
    where is_counted and is_answered and agent_id is not null
    group by interaction_id

),

stays as (

    select
        interaction_id || '/' || segment_id as agent_contact_id,
        interaction_id,
        segment_id,
        agent_id,
        'call_stay' as work_kind,
        channel,
        queue_name,
        talk_seconds,
        hold_seconds,
        after_work_seconds,
        handle_seconds,
        null::integer as csat_score,
        true as is_handled,
        false as is_outbound,
        is_transferred_out,
        false as is_resolution_known,
        false as is_resolved,
        false as is_complaint,
        false as is_fcr_known,
        false as is_fcr,
        started_date,
        answered_at as work_started_at,
        answered_at + make_interval(secs => handle_seconds) as work_ended_at
    from call_segments
    where is_counted and is_answered and agent_id is not null

),

worked as (

    select
        interactions.*,
        stayed.interaction_id is not null as has_stays,
        interactions.direction = 'outbound' as is_outbound,
        coalesce(
            interactions.handle_seconds,
            case
                when interactions.direction = 'outbound'
                    then
                        interactions.talk_seconds
                        + coalesce(interactions.hold_seconds, 0)
                        + coalesce(interactions.after_work_seconds, 0)
            end
        ) as worked_seconds,
        coalesce(contact_chains.is_fcr_7d is not null, false) as is_fcr_known,
        coalesce(contact_chains.is_fcr_7d, false) as is_fcr
    from interactions
    left join stayed
        on interactions.interaction_id = stayed.interaction_id
    left join contact_chains
        on interactions.interaction_id = contact_chains.interaction_id
    where interactions.agent_id is not null and interactions.started_at is not null

),

contacts as (

    -- the work on a call with stays is in the stays; the contact has how it ended
    select
        interaction_id as agent_contact_id,
        interaction_id,
        null::text as segment_id,
        agent_id,
        'contact' as work_kind,
        channel,
        queue_name,
        case when not has_stays then talk_seconds end as talk_seconds,
        case when not has_stays then hold_seconds end as hold_seconds,
        case when not has_stays then after_work_seconds end as after_work_seconds,
        case when not has_stays then worked_seconds end as handle_seconds,
        csat_score,
        is_handled and not has_stays as is_handled,
        is_outbound,
        false as is_transferred_out,
        is_resolution_known,
        is_resolved,
        is_complaint,
        is_fcr_known,
        is_fcr,
        started_date,
        case
            when not has_stays and worked_seconds > 0
                then
                    ended_at + make_interval(
                        secs => coalesce(after_work_seconds, 0) - worked_seconds
                    )
        end as work_started_at,
        case
            when not has_stays and worked_seconds > 0
                then ended_at + make_interval(secs => coalesce(after_work_seconds, 0))
        end as work_ended_at
    from worked

),

unioned as (

    select * from stays
    union all
    select * from contacts

),

final as (

    select

        -- ids
        agent_contact_id,
        interaction_id,
        segment_id,
        agent_id,
        agent_id || '|' || started_date as agent_date_id,

        -- strings
        work_kind,
        channel,
        queue_name,

        -- numerics
        talk_seconds,
        hold_seconds,
        after_work_seconds,
        handle_seconds,
        csat_score,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_handled,
        is_outbound,
        is_transferred_out,
        is_resolution_known,
        is_resolved,
        is_complaint,
        is_fcr_known,
        is_fcr,

        -- dates
        started_date,

        -- timestamps
        work_started_at,
        work_ended_at

    from unioned

)

select * from final
