{{ config(
    unique_key='ticket_id',
    indexes=[
        {'columns': ['ticket_id'], 'unique': true},
        {'columns': ['requester_id']},
        {'columns': ['submitter_id']},
        {'columns': ['group_id']},
        {'columns': ['brand_id']},
        {'columns': ['organization_id']},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_tickets__cleaned',
                'key': 'ticket_id',
                'each': "'helpdesk/' || fresh_key",
            },
            {
                'parent': 'int_incidents__cleaned',
                'key': 'source_record_id',
                'each': "'servicenow/' || fresh_key",
            },
            {'parent': 'stg_zendesk__tickets', 'key': 'ticket_id'},
            {'parent': 'stg_zendesk__ticket_tags', 'key': 'ticket_id'},
            {
                'parent': 'stg_zendesk__people',
                'key': 'person_id',
                'via': {
                    'model': 'int_tickets__unioned',
                    'column': 'requester_id',
                    'key': 'ticket_id',
                },
            },
            {
                'parent': 'int_ticket_roles__drawn',
                'key': 'person_id',
                'via': {
                    'model': 'int_tickets__unioned',
                    'column': 'submitter_id',
                    'key': 'ticket_id',
                },
            },
            {
                'parent': 'stg_zendesk__groups',
                'key': 'group_id',
                'via': {
                    'model': 'int_tickets__unioned',
                    'column': 'group_id',
                    'key': 'ticket_id',
                },
            },
            {
                'parent': 'stg_zendesk__brands',
                'key': 'brand_id',
                'via': {
                    'model': 'int_tickets__unioned',
                    'column': 'brand_id',
                    'key': 'ticket_id',
                },
            },
            {
                'parent': 'stg_zendesk__organizations',
                'key': 'organization_id',
                'via': {
                    'model': 'int_tickets__unioned',
                    'column': 'organization_id',
                    'key': 'ticket_id',
                },
            },
        ],
    }
) }}

with

helpdesk_tickets as (

    select * from {{ ref('int_tickets__cleaned') }}
    {{ only_touched('ticket_id', prefix='helpdesk/') }}

),

incidents as (

    select * from {{ ref('int_incidents__cleaned') }}
    {{ only_touched('source_record_id', prefix='servicenow/') }}

),

zendesk_tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}
    {{ only_touched('ticket_id') }}

),

zendesk_tags as (

    select * from {{ ref('stg_zendesk__ticket_tags') }}
    {{ only_touched('ticket_id') }}

),

people as (

    select * from {{ ref('stg_zendesk__people') }}

),

roles as (

    select * from {{ ref('int_ticket_roles__drawn') }}

),

groups as (

    select * from {{ ref('stg_zendesk__groups') }}

),

brands as (

    select * from {{ ref('stg_zendesk__brands') }}

),

organizations as (

    select * from {{ ref('stg_zendesk__organizations') }}

),

channel_values as (

    select * from {{ ref('seed_channel_values') }}
    where source_name = 'zendesk'

),

statuses as (

    select * from {{ ref('seed_ticket_statuses') }}

),

tagged as (

    select
        ticket_id,
        string_agg(distinct tag, ',' order by tag) as tags
    from zendesk_tags
    where not is_deleted
    group by ticket_id

),

zendesk as (

    select
        zendesk_tickets.ticket_id,
        zendesk_tickets.source_ticket_id,
        zendesk_tickets.requester_id,
        zendesk_tickets.submitter_id,
        zendesk_tickets.agent_id,
        zendesk_tickets.group_id,
        zendesk_tickets.brand_id,
        zendesk_tickets.organization_id,
        null::text as interaction_id,
        zendesk_tickets.source_name,
        coalesce(channel_values.channel, 'unknown') as channel,
        -- a group that nobody knows is a queue under its number
        coalesce(groups.group_name, zendesk_tickets.group_id) as queue_name,
        brands.brand_name,
        organizations.organization_name,
        {{ standardise_text('zendesk_tickets.subject_raw') }} as subject,
        lower(zendesk_tickets.status_raw) as status,
        lower(zendesk_tickets.priority_raw) as priority,
        lower(zendesk_tickets.ticket_type_raw) as ticket_type,
        null::text as topic,
        tagged.tags,
        null::integer as vendor_reopen_count,
        null::integer as vendor_reassignment_count,
        null::boolean as is_vendor_sla_met,
        people.person_id is not null as is_requester_known,
        zendesk_tickets.group_id is null or groups.group_id is not null
            as is_group_known,
        roles.person_id is not null
        and coalesce(zendesk_tickets.submitter_id <> zendesk_tickets.requester_id, true)
            as is_opened_by_agent,
        zendesk_tickets.is_deleted
        or coalesce(lower(zendesk_tickets.status_raw) = 'deleted', false) as is_deleted,
        zendesk_tickets.created_at,
        zendesk_tickets.updated_at
    from zendesk_tickets
    left join tagged
        on zendesk_tickets.ticket_id = tagged.ticket_id
    left join people
        on zendesk_tickets.requester_id = people.person_id
    left join roles
        on zendesk_tickets.submitter_id = roles.person_id
    left join groups
        on zendesk_tickets.group_id = groups.group_id
    left join brands
        on zendesk_tickets.brand_id = brands.brand_id
    left join organizations
        on zendesk_tickets.organization_id = organizations.organization_id
    left join channel_values
        on lower(zendesk_tickets.channel_raw) = channel_values.channel_value

),

helpdesk as (

    select
        'helpdesk/' || ticket_id as ticket_id,
        ticket_id as source_ticket_id,
        'helpdesk/' || crm_customer_id as requester_id,
        null::text as submitter_id,
        agent_id,
        null::text as group_id,
        null::text as brand_id,
        null::text as organization_id,
        interaction_id,
        'helpdesk' as source_name,
        channel,
        group_name as queue_name,
        null::text as brand_name,
        null::text as organization_name,
        subject,
        ticket_status as status,
        ticket_priority as priority,
        ticket_type,
        topic,
        null::text as tags,
        null::integer as vendor_reopen_count,
        null::integer as vendor_reassignment_count,
        null::boolean as is_vendor_sla_met,
        coalesce(
            crm_customer_id, requester_name, requester_email, requester_phone
        ) is not null as is_requester_known,
        true as is_group_known,
        false as is_opened_by_agent,
        false as is_deleted,
        created_at,
        updated_at
    from helpdesk_tickets

),

servicenow as (

    select
        'servicenow/' || source_record_id as ticket_id,
        source_record_id as source_ticket_id,
        'servicenow/' || caller_id as requester_id,
        null::text as submitter_id,
        agent_id,
        null::text as group_id,
        null::text as brand_id,
        null::text as organization_id,
        interaction_id,
        'servicenow' as source_name,
        channel,
        queue_name,
        null::text as brand_name,
        null::text as organization_name,
        null::text as subject,
        lower(incident_status) as status,
        lower(priority_raw) as priority,
        'incident' as ticket_type,
        topic,
        null::text as tags,
        reopen_count::integer as vendor_reopen_count,
        transfer_count::integer as vendor_reassignment_count,
        is_sla_met as is_vendor_sla_met,
        caller_id is not null as is_requester_known,
        true as is_group_known,
        false as is_opened_by_agent,
        false as is_deleted,
        started_at as created_at,
        ended_at as updated_at
    from incidents

),

unioned as (

    select * from zendesk
    union all
    select * from helpdesk
    union all
    select * from servicenow

),

final as (

    select

        -- ids
        unioned.ticket_id,
        unioned.source_ticket_id,
        unioned.requester_id,
        unioned.submitter_id,
        unioned.agent_id,
        unioned.group_id,
        unioned.brand_id,
        unioned.organization_id,
        unioned.interaction_id,

        -- strings
        unioned.source_name,
        unioned.channel,
        unioned.queue_name,
        unioned.brand_name,
        unioned.organization_name,
        unioned.subject,
        unioned.status,
        -- a status nobody has placed keeps the customer waiting, until it is placed
        coalesce(own.status_category, shared.status_category, 'open')
            as status_category,
        unioned.priority,
        unioned.ticket_type,
        unioned.topic,
        unioned.tags,

        -- numerics
        unioned.vendor_reopen_count,
        unioned.vendor_reassignment_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(own.status_category, shared.status_category) is not null
            as is_status_known,
        unioned.is_vendor_sla_met,
        unioned.is_requester_known,
        unioned.is_group_known,
        unioned.is_opened_by_agent,
        unioned.is_deleted,
        coalesce(own.status_category, shared.status_category, 'open')
        not in ('solved', 'closed')
        and not unioned.is_deleted as is_live,

        -- timestamps
        unioned.created_at,
        unioned.updated_at

    from unioned
    left join statuses as own
        on
            unioned.source_name = own.source_name
            and unioned.status = own.status
    left join statuses as shared
        on
            shared.source_name = '*'
            and unioned.status = shared.status

)

select * from final
