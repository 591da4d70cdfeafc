{{ config(
    unique_key='conversation_id',
    indexes=[
        {'columns': ['conversation_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_app__conversations', 'conversation_id', 'app.conversations')
) }}

with

versions as (

    select * from {{ ref('stg_app__conversations') }}
    {{ only_touched('conversation_id') }}

),

latest as (

    {{ latest_version('versions', 'conversation_id') }}

),

ruled as (

    select
        conversation_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when {{ is_test_identifier('account', 'account_id') }} then 'test_traffic'
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

    {{ verdict('ruled', 'conversation_id', 'app.conversations') }}

)

select * from final
