{{ config(
    unique_key='ticket_id',
    indexes=[
        {'columns': ['ticket_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by('stg_helpdesk__tickets', 'ticket_id', 'helpdesk.tickets')
) }}

with

versions as (

    select * from {{ ref('stg_helpdesk__tickets') }}
    {{ only_touched('ticket_id') }}

),

latest as (

    {{ latest_version('versions', 'ticket_id') }}

),

ruled as (

    select
        ticket_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when solved_at < created_at then 'ends_before_start'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case when {{ is_late_arrival('updated_at') }} then 'late_arrival' end
            ),
            ''
        ) as flags
    from latest

),

final as (

    {{ verdict('ruled', 'ticket_id', 'helpdesk.tickets') }}

)

select * from final
