{{ config(
    unique_key='record_id',
    indexes=[
        {'columns': ['record_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_people__records', 'record_id', 'people.records')
) }}

with

versions as (

    select * from {{ ref('stg_people__records') }}
    {{ only_touched('record_id') }}

),

-- these systems do not say when they wrote a file: what landed last wins
latest as (

    {{ latest_version(
        'versions', 'record_id',
        newest_first='loaded_at desc', first_seen='loaded_at'
    ) }}

),

ruled as (

    select
        record_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case when {{ is_blank('record_id') }} then 'blank_content' end as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'record_id', 'people.records') }}

)

select * from final
