{{ config(
    unique_key='segment_id',
    indexes=[
        {'columns': ['segment_id'], 'unique': true},
        {'columns': ['call_id']},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_phone__call_segments',
        'segment_id',
        'phone.call_segments',
        group='call_id'
    )
) }}

with

versions as (

    select * from {{ ref('stg_phone__call_segments') }}
    {{ only_touched('call_id') }}

),

latest as (

    {{ latest_version('versions', 'segment_id') }}

),

ruled as (

    select
        segment_id,
        call_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when ended_at < queued_at then 'ends_before_start'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case
                    when
                        {{ is_late_arrival('coalesce(ended_at, queued_at)') }}
                        then 'late_arrival'
                end
            ),
            ''
        ) as flags
    from latest

),

final as (

    {{ verdict('ruled', 'segment_id', 'phone.call_segments', group='call_id') }}

)

select * from final
