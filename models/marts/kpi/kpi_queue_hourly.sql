{{ config(
    unique_key='queue_hour_id',
    indexes=[
        {'columns': ['queue_date_id']},
        {'columns': ['channel_hour_id']},
        {'columns': ['hour_started_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_interactions', 'key': 'channel_hour_id'},
            {'parent': 'fct_call_segments', 'key': 'channel_hour_id'},
            {
                'parent': 'int_chat_handoffs__cleaned',
                'key': 'interaction_id',
                'via': {
                    'model': 'fct_interactions',
                    'column': 'interaction_id',
                    'key': 'channel_hour_id',
                },
            },
        ],
        'touched_key': 'channel_hour_id',
        'moves': ['queue_date_id'],
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('channel_hour_id') }}

),

call_segments as (

    select * from {{ ref('fct_call_segments') }}
    {{ only_touched('channel_hour_id') }}

),

-- imported anew: read twice, an import would be written down whole
calls_with_stays as (

    select * from {{ ref('fct_call_segments') }}
    {{ only_touched('channel_hour_id') }}

),

handoffs as (

    select * from {{ ref('int_chat_handoffs__cleaned') }}

),

channels as (

    select * from {{ ref('seed_channels') }}

),

stayed as (

    select interaction_id
    from calls_with_stays
    where is_counted
    group by interaction_id

),

waiting as (

    select
        interactions.*,
        channels.first_response_target_seconds,
        stayed.interaction_id is null as is_stay
    from interactions
    inner join channels
        on interactions.channel = channels.channel
    left join stayed
        on interactions.interaction_id = stayed.interaction_id
    where
        interactions.is_offered
        and interactions.channel_hour_id is not null
        and channels.channel_kind = 'live'

),

contacts as (

    select
        waiting.channel_hour_id,
        waiting.channel,
        waiting.queue_name,
        waiting.wait_seconds,
        waiting.talk_seconds,
        waiting.hold_seconds,
        waiting.after_work_seconds,
        waiting.handle_seconds,
        waiting.is_stay,
        true as is_contact,
        false as is_transferred_in,
        coalesce(handoffs.interaction_id is not null, false) as is_from_bot,
        waiting.is_handled as is_answered,
        waiting.is_abandoned,
        waiting.is_short_abandoned,
        waiting.is_callback,
        coalesce(waiting.transfer_count > 0, false) as is_transferred_out,
        coalesce(
            waiting.is_handled
            and waiting.wait_seconds <= waiting.first_response_target_seconds,
            false
        ) as is_answered_within_target,
        waiting.is_handled as is_contact_answered,
        waiting.is_abandoned as is_contact_abandoned,
        waiting.is_short_abandoned as is_contact_short_abandoned,
        waiting.is_callback as is_contact_callback,
        waiting.started_date,
        waiting.started_at
    from waiting
    {{ looked_up(
        'handoffs', 'waiting.interaction_id = handoffs.interaction_id', kind='left'
    ) }}

),

stays as (

    select
        channel_hour_id,
        channel,
        queue_name,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        after_work_seconds,
        handle_seconds,
        true as is_stay,
        false as is_contact,
        is_transferred_in,
        false as is_from_bot,
        is_answered,
        is_abandoned,
        is_short_abandoned,
        is_callback,
        is_transferred_out,
        is_answered_within_target,
        false as is_contact_answered,
        false as is_contact_abandoned,
        false as is_contact_short_abandoned,
        false as is_contact_callback,
        started_date,
        started_at
    from call_segments
    where is_counted

),

unioned as (

    select * from contacts
    union all
    select * from stays

),

hourly as (

    select
        channel_hour_id,
        channel,
        queue_name,
        {{ queue_parts() }},
        started_date,
        {{ business_hour('min(started_at)') }} as hour_started_at
    from unioned
    group by channel_hour_id, channel, queue_name, started_date

),

final as (

    select

        -- ids
        coalesce(queue_name, '-') || '|' || channel_hour_id as queue_hour_id,
        coalesce(queue_name, '-') || '|' || channel || '|' || started_date
            as queue_date_id,
        channel_hour_id,

        -- strings
        channel,
        queue_name,
        {{ queue_reasons() }},

        -- numerics
        {{ queue_part_list() }},
        {{ queue_rates() }},
        pg_current_xact_id() as changed_xid,

        -- dates
        started_date,

        -- timestamps
        hour_started_at

    from hourly

)

select * from final
