{{ config(
    unique_key='state_id',
    indexes=[
        {'columns': ['state_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_workforce__agent_states',
        'state_id',
        'workforce.agent_states'
    )
) }}

with

versions as (

    select * from {{ ref('stg_workforce__agent_states') }}
    {{ only_touched('state_id') }}

),

latest as (

    {{ latest_version('versions', 'state_id') }}

),

ruled as (

    select
        state_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
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

    {{ verdict('ruled', 'state_id', 'workforce.agent_states') }}

)

select * from final
