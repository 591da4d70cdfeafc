{{ config(
    unique_key='person_id',
    indexes=[
        {'columns': ['person_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_zendesk__people', 'key': 'person_id'},
            {
                'parent': 'stg_zendesk__ticket_changes',
                'key': 'value_id',
                'where': "field_name = 'assignee_id'",
            },
            {
                'parent': 'stg_zendesk__ticket_comments',
                'key': 'author_id',
                'where': 'not is_public and not is_deleted',
            },
        ],
    }
) }}

with

people as (

    select * from {{ ref('stg_zendesk__people') }}
    {{ only_touched('person_id') }}

),

assigned as (

    {% if is_incremental() %}
        -- one row tells; an agent has been assigned to many
        select touched.touched_key as person_id
        from {{ touched_table() }} as touched
        cross join lateral (
            select 1 as found
            from (select * from {{ ref('stg_zendesk__ticket_changes') }}) as changes
            where
                changes.field_name = 'assignee_id'
                and changes.value_id = touched.touched_key
            order by changes.value_id asc
            limit 1
        ) as one_change
    {% else %}
        select distinct value_id as person_id
        from {{ ref('stg_zendesk__ticket_changes') }}
        where field_name = 'assignee_id'
    {% endif %}

),

noted as (

    {% if is_incremental() %}
        select touched.touched_key as person_id
        from {{ touched_table() }} as touched
        cross join lateral (
            select 1 as found
            from (select * from {{ ref('stg_zendesk__ticket_comments') }}) as comments
            where
                not comments.is_public
                and not comments.is_deleted
                and comments.author_id = touched.touched_key
            order by comments.author_id asc
            limit 1
        ) as one_note
    {% else %}
        select distinct author_id as person_id
        from {{ ref('stg_zendesk__ticket_comments') }}
        where not is_public and not is_deleted
    {% endif %}

),

evidence as (

    -- the account says what a person is today. Who left is an end user there, but the
    -- tickets still know: only agents are assigned, only agents write internal notes
    select
        person_id,
        'role' as role_reason,
        1 as evidence_rank
    from people
    where role_raw in ('agent', 'admin')
    union all
    select
        person_id,
        'was_assigned' as role_reason,
        2 as evidence_rank
    from assigned
    where person_id is not null
    union all
    select
        person_id,
        'wrote_internal_note' as role_reason,
        3 as evidence_rank
    from noted
    -- the account writes notes of its own as user -1
    where person_id is not null and person_id not like '%/-%'

),

final as (

    select distinct on (person_id)
        person_id,
        role_reason,
        pg_current_xact_id() as changed_xid
    from evidence
    order by person_id asc, evidence_rank asc

)

select * from final
