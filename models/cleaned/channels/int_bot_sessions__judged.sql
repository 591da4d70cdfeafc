{{ config(
    unique_key='session_id',
    indexes=[
        {'columns': ['session_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_bot__sessions', 'session_id', 'bot.sessions')
) }}

with

versions as (

    select * from {{ ref('stg_bot__sessions') }}
    {{ only_touched('session_id') }}

),

latest as (

    {{ latest_version('versions', 'session_id') }}

),

ruled as (

    select
        session_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when {{ is_test_identifier('visitor', 'visitor_id') }}
                or {{ is_test_identifier('account', 'account_id') }}
                or {{ is_test_identifier('openid', 'openid') }} then 'test_traffic'
            when ended_at < started_at then 'ends_before_start'
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
    from latest

),

final as (

    {{ verdict('ruled', 'session_id', 'bot.sessions') }}

)

select * from final
