{{ config(
    unique_key='thread_id',
    indexes=[
        {'columns': ['thread_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_email__threads', 'thread_id', 'email.threads')
) }}

with

versions as (

    select * from {{ ref('stg_email__threads') }}
    {{ only_touched('thread_id') }}

),

latest as (

    {{ latest_version('versions', 'thread_id') }}

),

ruled as (

    select
        thread_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when
                {{ is_test_identifier(
                    'email', standardise_email('customer_email_raw')
                ) }}
                then 'test_traffic'
            when solved_at < created_at then 'ends_before_start'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case
                    when
                        {{ is_late_arrival('coalesce(solved_at, created_at)') }}
                        then 'late_arrival'
                end
            ),
            ''
        ) as flags
    from latest

),

final as (

    {{ verdict('ruled', 'thread_id', 'email.threads') }}

)

select * from final
