{{ config(
    unique_key='call_id',
    indexes=[
        {'columns': ['call_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_phone__calls',
        'call_id',
        'phone.calls',
        same='caller_phone_raw',
        near='started_at',
        also=[
            {'parent': 'stg_phone__call_segments', 'key': 'call_id'},
        ]
    )
) }}

with

versions as (

    select * from {{ ref('stg_phone__calls') }}
    {{ only_touched('call_id') }}

),

queue_entries as (

    select
        call_id,
        min(queued_at) as first_queued_at
    from {{ ref('stg_phone__call_segments') }}
    {{ only_touched('call_id') }}
    group by call_id

),

latest as (

    {{ latest_version('versions', 'call_id') }}

),

marked as (

    select
        latest.*,
        queue_entries.first_queued_at,
        {{ standardise_phone(
            'latest.caller_phone_raw', phone_region('latest.site_code'), validated=false
        ) }} as caller_phone,
        lag(latest.call_id) over same_call as previous_call_id,
        lag(latest.started_at) over same_call as previous_started_at
    from latest
    left join queue_entries
        on latest.call_id = queue_entries.call_id
    window same_call as (
        partition by
            latest.caller_phone_raw,
            latest.dialled_phone_raw,
            latest.direction_raw,
            latest.wait_seconds,
            latest.talk_seconds
        order by latest.started_at asc, latest.call_id asc
    )

),

ruled as (

    select
        call_id,
        row_id,
        version_count,
        first_exported_at,
        case
            when started_at - previous_started_at
                <= interval '{{ var("duplicate_window_seconds") }} seconds'
                then previous_call_id
        end as duplicate_of_id,
        case
            when {{ is_test_identifier('phone', 'caller_phone') }} then 'test_traffic'
            when ended_at < started_at then 'ends_before_start'
            when abs(extract(epoch from started_at - first_queued_at))
                > 60 * {{ var('wrong_clock_minutes') }} then 'time_in_wrong_zone'
            when caller_phone_raw is not null
                and started_at - previous_started_at
                <= interval '{{ var("duplicate_window_seconds") }} seconds'
                then 'duplicate'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case
                    when
                        {{ is_late_arrival('coalesce(ended_at, started_at)') }}
                        then 'late_arrival'
                end
            ),
            ''
        ) as flags
    from marked

),

final as (

    {{ verdict('ruled', 'call_id', 'phone.calls') }}

)

select * from final
