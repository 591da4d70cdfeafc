{{ config(
    unique_key='economics_line_date_id',
    indexes=[
        {'columns': ['started_date']},
        {'columns': ['topic_channel_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_contact_economics', 'key': 'economics_line_date_id'},
        ],
        'moves': ['started_date', 'topic_channel_id'],
    }
) }}

with

contacts as (

    select * from {{ ref('fct_contact_economics') }}
    {{ only_touched('economics_line_date_id') }}

),

topics as (

    select * from {{ ref('seed_topics') }}

),

summed as (

    select
        economics_line_date_id,
        channel,
        team_kind,
        topic,
        max(reporting_currency) as reporting_currency,
        {{ economics_parts() }},
        started_date
    from contacts
    group by economics_line_date_id, channel, team_kind, topic, started_date

),

final as (

    select

        -- ids
        summed.economics_line_date_id,
        {{ surrogate_key(['summed.topic', 'summed.channel']) }} as topic_channel_id,

        -- strings
        summed.channel,
        summed.team_kind,
        summed.topic,
        coalesce(
            topics.topic_group,
            case when summed.topic is null then 'not_known' else 'not_grouped' end
        ) as topic_group,
        summed.reporting_currency,

        -- numerics
        {{ economics_part_list('summed') }},
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(topics.is_simple, false) as is_simple,

        -- dates
        summed.started_date

    from summed
    left join topics
        on summed.topic = topics.topic

)

select * from final
