{{ config(
    unique_key='assignment_id',
    indexes=[
        {'columns': ['assignment_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_marketing__experiment_assignments',
        'assignment_id',
        'marketing.experiment_assignments'
    )
) }}

with

versions as (

    select * from {{ ref('stg_marketing__experiment_assignments') }}
    {{ only_touched('assignment_id') }}

),

latest as (

    {{ latest_version('versions', 'assignment_id') }}

),

ruled as (

    select
        assignment_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        null::text as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'assignment_id', 'marketing.experiment_assignments') }}

)

select * from final
