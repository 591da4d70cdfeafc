{{ config(
    unique_key='queue_name',
    indexes=[{'columns': ['changed_xid']}],
    meta={
        'touched_by': [{'parent': 'int_interactions__unioned', 'key': 'queue_name'}],
    }
) }}

with

queues as (

    select * from {{ ref('seed_queues') }}

),

seen as (

    {% if is_incremental() %}
        select touched.touched_key as queue_name
        from {{ touched_table() }} as touched
        where
            exists (
                select 1
                from {{ ref('int_interactions__unioned') }} as interactions
                where interactions.queue_name = touched.touched_key
            )
    {% else %}
        select distinct queue_name
        from {{ ref('int_interactions__unioned') }}
        where queue_name is not null
    {% endif %}

),

final as (

    select

        -- strings
        seen.queue_name,
        coalesce(queues.queue_title, seen.queue_name) as queue_title,
        queues.site_code,
        queues.language_code,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        queues.queue_name is not null as is_known

    from seen
    left join queues
        on seen.queue_name = queues.queue_name

)

select * from final
