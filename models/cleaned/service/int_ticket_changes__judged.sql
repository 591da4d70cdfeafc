{{ config(
    unique_key='change_id',
    indexes=[
        {'columns': ['change_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_helpdesk__ticket_changes',
        'change_id',
        'helpdesk.ticket_changes',
        group='ticket_id'
    )
) }}

with

versions as (

    select * from {{ ref('stg_helpdesk__ticket_changes') }}
    {{ only_touched('ticket_id') }}

),

latest as (

    {{ latest_version('versions', 'change_id') }}

),

ruled as (

    select
        change_id,
        ticket_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        null::text as rule_reason,
        nullif(
            concat_ws(
                ',',
                case when {{ is_late_arrival('changed_at') }} then 'late_arrival' end
            ),
            ''
        ) as flags
    from latest

),

final as (

    {{ verdict('ruled', 'change_id', 'helpdesk.ticket_changes', group='ticket_id') }}

)

select * from final
