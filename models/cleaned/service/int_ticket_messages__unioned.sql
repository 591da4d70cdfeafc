{{ config(
    unique_key='message_id',
    indexes=[
        {'columns': ['message_id'], 'unique': true},
        {'columns': ['ticket_id']},
        {'columns': ['interaction_id']},
        {'columns': ['author_id']},
        {'columns': ['unknown_author_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_zendesk__ticket_comments', 'key': 'ticket_id'},
            {
                'parent': 'int_ticket_changes__cleaned',
                'key': 'ticket_id',
                'where': "field_name = 'comment'",
                'each': "'helpdesk/' || fresh_key",
            },
            {'parent': 'int_tickets__unioned', 'key': 'ticket_id'},
            {
                'parent': 'int_ticket_stays__counted',
                'key': 'ticket_id',
                'where': 'is_resolution',
            },
            {
                'parent': 'int_ticket_roles__drawn',
                'key': 'person_id',
                'via': {
                    'model': 'int_ticket_messages__unioned',
                    'column': 'author_id',
                    'key': 'ticket_id',
                },
            },
            {
                'parent': 'stg_zendesk__people',
                'key': 'person_id',
                'via': {
                    'model': 'int_ticket_messages__unioned',
                    'column': 'unknown_author_id',
                    'key': 'ticket_id',
                },
            },
        ],
        'touched_key': 'ticket_id',
        'moves': ['interaction_id'],
    }
) }}

with

zendesk_comments as (

    select * from {{ ref('stg_zendesk__ticket_comments') }}
    {{ only_touched('ticket_id') }}

),

helpdesk_changes as (

    select * from {{ ref('int_ticket_changes__cleaned') }}
    {{ only_touched('ticket_id', prefix='helpdesk/') }}

),

tickets as (

    select * from {{ ref('int_tickets__unioned') }}
    {{ only_touched('ticket_id') }}

),

stays as (

    select * from {{ ref('int_ticket_stays__counted') }}
    {{ only_touched('ticket_id') }}

),

roles as (

    select * from {{ ref('int_ticket_roles__drawn') }}

),

people as (

    select * from {{ ref('stg_zendesk__people') }}

),

zendesk as (

    select
        zendesk_comments.comment_id as message_id,
        zendesk_comments.ticket_id,
        zendesk_comments.author_id,
        zendesk_comments.source_name,
        case
            when zendesk_comments.author_id = tickets.requester_id then 'customer'
            when roles.person_id is not null then 'agent'
            when zendesk_comments.author_id like '%/-%' then 'system'
            when people.person_id is not null then 'customer'
            else 'unknown'
        end as sender_type,
        {{ standardise_text('zendesk_comments.text_raw') }} as message_text,
        null::text as flags,
        coalesce(zendesk_comments.is_public, false) as is_public,
        zendesk_comments.sent_at
    from zendesk_comments
    left join tickets
        on zendesk_comments.ticket_id = tickets.ticket_id
    left join roles
        on zendesk_comments.author_id = roles.person_id
    left join people
        on zendesk_comments.author_id = people.person_id
    where not zendesk_comments.is_deleted

),

helpdesk as (

    select
        'helpdesk/' || change_id as message_id,
        'helpdesk/' || ticket_id as ticket_id,
        author_id,
        'helpdesk' as source_name,
        coalesce(author_type, 'unknown') as sender_type,
        {{ standardise_text('new_value') }} as message_text,
        flags,
        coalesce(is_public, false) as is_public,
        changed_at as sent_at
    from helpdesk_changes
    where field_name = 'comment'

),

resolutions as (

    select
        ticket_id,
        array_agg(started_at order by started_at asc) as resolved_ats
    from stays
    where is_resolution
    group by ticket_id

),

unioned as (

    select * from zendesk
    union all
    select * from helpdesk

),

placed as (

    select
        unioned.*,
        tickets.interaction_id as linked_interaction_id,
        tickets.created_at as ticket_created_at,
        coalesce(tickets.is_opened_by_agent, false) as is_opened_by_agent,
        tickets.ticket_id is not null as is_ticket_known,
        -- what the source dates before the ticket began when it did
        greatest(unioned.sent_at, tickets.created_at) as counted_at,
        unioned.is_public and unioned.sender_type = 'agent' as is_agent_public,
        unioned.is_public and unioned.sender_type = 'customer' as is_customer_public,
        (
            select count(*)
            from unnest(resolutions.resolved_ats) as resolved (resolved_at)
            where resolved.resolved_at < unioned.sent_at
        ) as resolution_count_before
    from unioned
    left join tickets
        on unioned.ticket_id = tickets.ticket_id
    left join resolutions
        on unioned.ticket_id = resolutions.ticket_id

),

numbered as (

    -- of two messages at one instant the customer's comes first
    select
        *,
        row_number() over (
            partition by ticket_id
            order by
                counted_at asc,
                sent_at asc,
                (sender_type <> 'customer') asc,
                message_id asc
        ) as message_number
    from placed

),

opened as (

    -- what an agent opens a ticket with is no reply
    select
        *,
        message_number = 1 and is_opened_by_agent and is_agent_public as is_opening
    from numbered

),

turned as (

    -- a turn ends with a reply
    select
        *,
        is_agent_public and not is_opening as is_reply,
        count(*) filter (where is_agent_public and not is_opening) over (
            partition by ticket_id
            order by message_number asc
            rows between unbounded preceding and 1 preceding
        ) as reply_count_before,
        -- what a customer writes after the ticket was solved begins another contact
        coalesce(
            max(resolution_count_before) filter (where is_customer_public) over (
                partition by ticket_id
                order by message_number asc
                rows between unbounded preceding and current row
            ),
            0
        ) as contact_number
    from opened

),

final as (

    select

        -- ids
        message_id,
        ticket_id,
        author_id,
        -- found again by when the person lands
        case when sender_type = 'unknown' then author_id end as unknown_author_id,
        -- a ticket that follows another contact is a part of it
        coalesce(
            linked_interaction_id,
            {{ ticket_contact_id('ticket_id', 'contact_number') }}
        ) as interaction_id,

        -- strings
        source_name,
        sender_type,
        message_text,
        flags,

        -- numerics
        message_number,
        reply_count_before,
        contact_number,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_public,
        is_opening,
        is_reply,
        is_customer_public,
        is_ticket_known,
        coalesce(sent_at < ticket_created_at, false) as is_before_creation,

        -- timestamps
        sent_at,
        counted_at,
        case
            -- whoever opens a ticket waits from its creation
            when reply_count_before = 0 and not is_opened_by_agent
                then ticket_created_at
            else min(counted_at) filter (where is_customer_public) over turn
        end as waiting_since

    from turned
    window turn as (partition by ticket_id, reply_count_before)

)

select * from final
