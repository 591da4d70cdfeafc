{{ config(
    unique_key='session_id',
    indexes=[
        {'columns': ['session_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_chat__sessions',
        'session_id',
        'chat.sessions',
        same='visitor_id',
        near='started_at'
    )
) }}

with

versions as (

    select * from {{ ref('stg_chat__sessions') }}
    {{ only_touched('session_id') }}

),

latest as (

    {{ latest_version('versions', 'session_id') }}

),

marked as (

    select
        latest.*,
        {{ standardise_email('latest.email_raw') }} as email,
        {{ standardise_phone(
            'latest.phone_raw', phone_region('latest.site_code'), validated=false
        ) }} as phone,
        lag(latest.session_id) over same_visit as previous_session_id,
        lag(latest.started_at) over same_visit as previous_started_at
    from latest
    window same_visit as (
        partition by latest.visitor_id, latest.queue_name
        order by latest.started_at asc, latest.session_id asc
    )

),

ruled as (

    select
        session_id,
        row_id,
        version_count,
        first_exported_at,
        case
            when started_at - previous_started_at
                <= interval '{{ var("duplicate_window_seconds") }} seconds'
                then previous_session_id
        end as duplicate_of_id,
        case
            when {{ is_test_identifier('visitor', 'visitor_id') }}
                or {{ is_test_identifier('email', 'email') }}
                or {{ is_test_identifier('phone', 'phone') }} then 'test_traffic'
            when ended_at < started_at then 'ends_before_start'
            when visitor_id is not null
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

    {{ verdict('ruled', 'session_id', 'chat.sessions') }}

)

select * from final
