{{ config(
    unique_key='event_id',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['incident_id', 'valid_from']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_servicenow__incident_events', 'key': 'incident_id'},
        ],
        'touched_key': 'incident_id',
    }
) }}

with

events as (

    select * from {{ ref('stg_servicenow__incident_events') }}
    {{ only_touched('incident_id') }}

),

final as (

    select

        -- ids
        {{ surrogate_key([
            'incident_id', 'sys_mod_count', 'source_file_name', 'source_row_number',
        ]) }} as event_id,
        incident_id,
        agent_id,

        -- strings
        status_raw as incident_status,
        priority_raw as priority,
        assignment_group as queue_name,
        updated_by as changed_by,

        -- numerics
        reassignment_count,
        reopen_count,
        sys_mod_count as change_number,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_active,
        is_sla_made as is_sla_met,

        -- timestamps
        updated_at as valid_from,
        lead(updated_at) over (
            partition by incident_id
            order by
                sys_mod_count asc,
                updated_at asc,
                source_file_name asc,
                source_row_number asc
        ) as valid_to

    from events

)

select * from final
