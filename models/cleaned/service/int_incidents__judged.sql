{{ config(
    unique_key='incident_id',
    indexes=[
        {'columns': ['incident_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_servicenow__incident_events', 'incident_id', 'servicenow.incident_events'
    )
) }}

with

versions as (

    select * from {{ ref('stg_servicenow__incident_events') }}
    {{ only_touched('incident_id') }}

),

latest as (

    {{ latest_version(
        'versions',
        'incident_id',
        newest_first='sys_mod_count desc nulls last, updated_at desc nulls last',
        first_seen='updated_at'
    ) }}

),

ruled as (

    select
        incident_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when resolved_at < opened_at then 'ends_before_start'
        end as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'incident_id', 'servicenow.incident_events') }}

)

select * from final
