{{ config(
    unique_key='change_id',
    indexes=[
        {'columns': ['change_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_zendesk__ticket_changes', 'key': 'ticket_id'},
            {
                'parent': 'int_ticket_changes__cleaned',
                'key': 'ticket_id',
                'each': "'helpdesk/' || fresh_key",
            },
            {
                'parent': 'int_incident_events__cleaned',
                'key': 'incident_id',
                'each': "'servicenow/' || fresh_key",
            },
        ],
        'touched_key': 'ticket_id',
    }
) }}

with

zendesk_changes as (

    select * from {{ ref('stg_zendesk__ticket_changes') }}
    {{ only_touched('ticket_id') }}

),

helpdesk_changes as (

    select * from {{ ref('int_ticket_changes__cleaned') }}
    {{ only_touched('ticket_id', prefix='helpdesk/') }}

),

incident_events as (

    select * from {{ ref('int_incident_events__cleaned') }}
    {{ only_touched('incident_id', prefix='servicenow/') }}

),

statuses as (

    select * from {{ ref('seed_ticket_statuses') }}

),

incident_states as (

    -- the audit log holds the whole state after each change
    select
        *,
        lag(incident_status) over incident as old_status,
        lag(agent_id) over incident as old_agent_id,
        lag(queue_name) over incident as old_queue_name,
        lag(priority) over incident as old_priority
    from incident_events
    window
        incident as (
            partition by incident_id
            order by change_number asc, valid_from asc, event_id asc
        )

),

unioned as (

    select
        ticket_id,
        author_id,
        source_name,
        case field_name
            when 'assignee_id' then 'assignee'
            when 'group_id' then 'group'
            when 'satisfaction_score' then 'satisfaction'
            else field_name
        end as field_name,
        case
            when field_name in ('status', 'priority') then lower(value)
            when field_name in ('assignee_id', 'group_id')
                then source_name || '/' || nullif(value, '')
            else value
        end as field_value,
        null::text as old_value,
        changed_at
    from zendesk_changes
    where not is_deleted
    union all
    select
        'helpdesk/' || ticket_id as ticket_id,
        author_id,
        'helpdesk' as source_name,
        case field_name
            when 'assignee_id' then 'assignee'
            when 'group_name' then 'group'
            else field_name
        end as field_name,
        case
            when field_name in ('status', 'priority') then lower(new_value)
            else new_value
        end as field_value,
        lower(old_value) as old_value,
        changed_at
    from helpdesk_changes
    where field_name <> 'comment'
    union all
    select
        'servicenow/' || states.incident_id as ticket_id,
        states.changed_by as author_id,
        'servicenow' as source_name,
        change.field_name,
        change.field_value,
        change.old_value,
        states.valid_from as changed_at
    from incident_states as states
    cross join
        lateral (
            values
            ('status', lower(states.incident_status), lower(states.old_status)),
            (
                'assignee',
                'servicenow/' || states.agent_id,
                'servicenow/' || states.old_agent_id
            ),
            ('group', states.queue_name, states.old_queue_name),
            ('priority', lower(states.priority), lower(states.old_priority))
        ) as change (field_name, field_value, old_value)
    where change.field_value is distinct from change.old_value

),

placed as (

    select
        unioned.*,
        coalesce(own.status_category, shared.status_category) is not null
        or unioned.field_name <> 'status' as is_value_known,
        case
            when unioned.field_name = 'status'
                then coalesce(own.status_category, shared.status_category, 'open')
        end as status_category
    from unioned
    left join statuses as own
        on
            unioned.field_name = 'status'
            and unioned.source_name = own.source_name
            and unioned.field_value = own.status
    left join statuses as shared
        on
            unioned.field_name = 'status'
            and shared.source_name = '*'
            and unioned.field_value = shared.status

),

ordered as (

    -- of two changes at one instant the later stage of a ticket's life comes second
    select
        *,
        array_position(
            array['new', 'open', 'pending', 'hold', 'solved', 'closed'],
            status_category
        ) as status_rank
    from placed

),

numbered as (

    select
        *,
        row_number() over field_changes as change_number,
        row_number() over (
            partition by ticket_id, field_name, changed_at
            order by status_rank asc, field_value asc, author_id asc
        ) as instant_number,
        lead(changed_at) over field_changes as valid_to,
        coalesce(
            changed_at = lag(changed_at) over field_changes
            and field_value is distinct from lag(field_value) over field_changes,
            false
        ) as is_at_one_instant
    from ordered
    window
        field_changes as (
            partition by ticket_id, field_name
            order by
                changed_at asc, status_rank asc, field_value asc, author_id asc
        )

),

final as (

    select

        -- ids
        -- in the order of the tickets, for its index is then built in order too
        ticket_id || '/' || field_name || '/'
        || (date_part('epoch', changed_at) * 1000000)::bigint
        || case when instant_number > 1 then '/' || instant_number else '' end
            as change_id,
        ticket_id,
        author_id,

        -- strings
        source_name,
        field_name,
        field_value,
        -- null where the source does not say
        old_value,
        status_category,

        -- numerics
        change_number,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_value_known,
        is_at_one_instant,

        -- timestamps
        changed_at,
        valid_to

    from numbered

)

select * from final
