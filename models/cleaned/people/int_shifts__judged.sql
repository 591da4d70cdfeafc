{{ config(
    unique_key='shift_id',
    indexes=[
        {'columns': ['shift_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_workforce__shifts', 'shift_id', 'workforce.shifts')
) }}

with

versions as (

    select * from {{ ref('stg_workforce__shifts') }}
    {{ only_touched('shift_id') }}

),

latest as (

    {{ latest_version('versions', 'shift_id') }}

),

ruled as (

    select
        shift_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when ends_at < starts_at then 'ends_before_start'
        end as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'shift_id', 'workforce.shifts') }}

)

select * from final
