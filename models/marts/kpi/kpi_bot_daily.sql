{{ config(
    unique_key='bot_line_date_id',
    indexes=[
        {'columns': ['started_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'fct_bot_sessions', 'key': 'bot_line_date_id'}],
    }
) }}

with

sessions as (

    select * from {{ ref('fct_bot_sessions') }}
    {{ only_touched('bot_line_date_id') }}

),

daily as (

    select
        bot_line_date_id,
        channel,
        site_code,
        topic,
        started_date,
        count(*) as contact_count,
        count(*) filter (where is_contained) as contained_count,
        count(*) filter (where is_handed_off) as handed_off_count,
        count(*) filter (where is_finished) as finished_count,
        count(*) filter (where is_resolution_known) as resolution_known_count,
        count(*) filter (where is_resolved) as resolved_count,
        count(customer_id) as customer_known_count,
        count(*) filter (where is_mature_24h) as mature_24h_count,
        count(is_falsely_contained) as contained_mature_24h_count,
        count(*) filter (where is_falsely_contained) as falsely_contained_count,
        count(*) filter (where not is_falsely_contained) as truly_contained_count,
        count(*) filter (where unresolved_question_count > 0)
            as unresolved_contact_count,
        sum(question_count)::bigint as question_count,
        sum(unresolved_question_count)::bigint as unresolved_question_count
    from sessions
    where started_date is not null
    group by bot_line_date_id, channel, site_code, topic, started_date

),

final as (

    select

        -- ids
        bot_line_date_id,

        -- strings
        channel,
        site_code,
        topic,
        case
            when mature_24h_count > 0 then null
            when customer_known_count = 0 then 'customer_not_known'
            else 'immature'
        end as true_containment_reason,
        case
            when contained_mature_24h_count > 0 then null
            when contained_count = 0 then 'none_contained'
            when customer_known_count = 0 then 'customer_not_known'
            else 'immature'
        end as false_containment_reason,
        case when resolution_known_count = 0 then 'resolution_not_known' end
            as resolution_reason,
        case when question_count = 0 then 'no_questions' end
            as unresolved_question_reason,

        -- numerics
        contact_count,
        contained_count,
        handed_off_count,
        finished_count,
        resolution_known_count,
        resolved_count,
        customer_known_count,
        mature_24h_count,
        contained_mature_24h_count,
        falsely_contained_count,
        truly_contained_count,
        unresolved_contact_count,
        question_count,
        unresolved_question_count,
        (contained_count::numeric / contact_count)::numeric(5, 4) as containment_rate,
        (handed_off_count::numeric / contact_count)::numeric(5, 4) as handoff_rate,
        (truly_contained_count::numeric / nullif(mature_24h_count, 0))
        ::numeric(5, 4) as true_containment_rate,
        (falsely_contained_count::numeric / nullif(contained_mature_24h_count, 0))
        ::numeric(5, 4) as false_containment_rate,
        (resolved_count::numeric / nullif(resolution_known_count, 0))
        ::numeric(5, 4) as resolution_rate,
        (unresolved_question_count::numeric / nullif(question_count, 0))
        ::numeric(5, 4) as unresolved_question_rate,
        pg_current_xact_id() as changed_xid,

        -- dates
        started_date

    from daily

)

select * from final
