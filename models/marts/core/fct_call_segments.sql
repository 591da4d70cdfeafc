{{ config(
    unique_key='segment_id',
    indexes=[
        {'columns': ['call_id']},
        {'columns': ['interaction_id']},
        {'columns': ['channel_hour_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_call_segments__cleaned', 'key': 'call_id'},
            {
                'parent': 'int_call_segments__cleaned',
                'key': 'segment_id',
                'via': {
                    'model': 'fct_call_segments',
                    'column': 'segment_id',
                    'key': 'call_id',
                },
            },
            {
                'parent': 'fct_interactions',
                'key': 'source_record_id',
                'where': "source_name = 'phone'",
            },
            {
                'parent': 'fct_interactions',
                'key': 'interaction_id',
                'via': {
                    'model': 'fct_call_segments',
                    'column': 'interaction_id',
                    'key': 'call_id',
                },
            },
        ],
        'touched_key': 'call_id',
        'moves': ['interaction_id', 'channel_hour_id'],
    }
) }}

with

call_segments as (

    select * from {{ ref('int_call_segments__unioned') }}
    {{ only_touched('call_id') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

told as (

    select
        *,
        {{ surrogate_key(['source_name', 'call_id']) }} as contact_id,
        coalesce(segment_result in ('answered', 'transferred'), false) as is_answered,
        coalesce(segment_result = 'abandoned', false) as is_abandoned
    from call_segments

),

final as (

    select

        -- ids
        told.segment_id,
        told.call_id,
        interactions.interaction_id,
        told.agent_id,
        interactions.channel_hour_id,

        -- strings
        told.channel,
        told.queue_name,
        told.segment_result,
        case
            when interactions.interaction_id is null then 'call_not_kept'
        end as interaction_reason,
        case
            when not told.is_answered then 'not_answered'
            when told.talk_seconds is null then 'source_does_not_say'
        end as handle_reason,

        -- numerics
        told.segment_number::integer as segment_number,
        told.wait_seconds::integer as wait_seconds,
        told.talk_seconds::integer as talk_seconds,
        told.hold_seconds::integer as hold_seconds,
        told.after_work_seconds::integer as after_work_seconds,
        (case
            when told.is_answered
                then
                    told.talk_seconds
                    + coalesce(told.hold_seconds, 0)
                    + coalesce(told.after_work_seconds, 0)
        end)::integer as handle_seconds,
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(interactions.is_offered, false) as is_counted,
        told.is_answered,
        coalesce(
            told.is_answered
            and told.wait_seconds <= channels.first_response_target_seconds,
            false
        ) as is_answered_within_target,
        told.is_abandoned,
        coalesce(
            told.is_abandoned
            and told.wait_seconds <= channels.short_abandon_seconds,
            false
        ) as is_short_abandoned,
        coalesce(told.segment_result = 'callback', false) as is_callback,
        coalesce(told.segment_number > 1, false) as is_transferred_in,
        coalesce(told.segment_result = 'transferred', false) as is_transferred_out,

        -- dates
        interactions.started_date,

        -- timestamps
        interactions.started_at,
        told.queued_at,
        told.answered_at,
        told.ended_at

    from told
    left join channels
        on told.channel = channels.channel
    {{ looked_up(
        'interactions', 'told.contact_id = interactions.interaction_id', kind='left'
    ) }}

)

select * from final
