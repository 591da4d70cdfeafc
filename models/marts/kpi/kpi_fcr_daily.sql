{% set windows = ['24h', '7d', '30d'] %}

{{ config(
    unique_key='fcr_line_date_id',
    indexes=[
        {'columns': ['started_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_contact_chains', 'key': 'fcr_line_date_id'},
        ],
    }
) }}

with

contacts as (

    select * from {{ ref('fct_contact_chains') }}
    {{ only_touched('fcr_line_date_id') }}

),

daily as (

    select
        fcr_line_date_id,
        channel,
        site_code,
        queue_name,
        topic,
        started_date,
        count(*) filter (where chain_position = 1) as chain_count,
        count(*) filter (where is_resolution_known) as resolution_known_count,
        count(*) filter (where is_resolved) as resolved_count,
        {% for name in windows %}
            count(*) filter (where is_mature_{{ name }}) as mature_{{ name }}_count,
            count(*) filter (where is_mature_{{ name }} and is_repeated_{{ name }})
                as repeated_{{ name }}_count,
            count(is_fcr_{{ name }}) as fcr_known_{{ name }}_count,
            count(*) filter (where is_fcr_{{ name }}) as fcr_{{ name }}_count,
            count(*) filter (where is_mature_{{ name }} and topic is not null)
                as same_topic_mature_{{ name }}_count,
            count(*) filter (
                where is_mature_{{ name }} and is_same_topic_repeated_{{ name }}
            ) as same_topic_repeated_{{ name }}_count,
            count(is_same_topic_fcr_{{ name }})
                as same_topic_fcr_known_{{ name }}_count,
            count(*) filter (where is_same_topic_fcr_{{ name }})
                as same_topic_fcr_{{ name }}_count,
        {% endfor %}
        count(*) as contact_count
    from contacts
    group by
        fcr_line_date_id,
        channel,
        site_code,
        queue_name,
        topic,
        started_date

),

final as (

    select

        -- ids
        fcr_line_date_id,

        -- strings
        channel,
        site_code,
        queue_name,
        topic,
        {% for name in windows %}
            case when mature_{{ name }}_count = 0 then 'immature' end
                as repeat_{{ name }}_reason,
            case
                when fcr_known_{{ name }}_count > 0 then null
                when resolution_known_count = 0 then 'resolution_not_known'
                else 'immature'
            end as fcr_{{ name }}_reason,
            case
                when same_topic_fcr_known_{{ name }}_count > 0 then null
                when topic is null then 'topic_not_known'
                when resolution_known_count = 0 then 'resolution_not_known'
                else 'immature'
            end as same_topic_fcr_{{ name }}_reason,
        {% endfor %}

        -- numerics
        contact_count,
        chain_count,
        resolution_known_count,
        resolved_count,
        {% for name in windows %}
            mature_{{ name }}_count,
            contact_count - mature_{{ name }}_count as immature_{{ name }}_count,
            repeated_{{ name }}_count,
            fcr_known_{{ name }}_count,
            fcr_{{ name }}_count,
            same_topic_mature_{{ name }}_count,
            same_topic_repeated_{{ name }}_count,
            same_topic_fcr_known_{{ name }}_count,
            same_topic_fcr_{{ name }}_count,
            (repeated_{{ name }}_count::numeric / nullif(mature_{{ name }}_count, 0))
            ::numeric(5, 4) as repeat_{{ name }}_rate,
            (fcr_{{ name }}_count::numeric / nullif(fcr_known_{{ name }}_count, 0))
            ::numeric(5, 4) as fcr_{{ name }}_rate,
            (
                same_topic_fcr_{{ name }}_count::numeric
                / nullif(same_topic_fcr_known_{{ name }}_count, 0)
            )::numeric(5, 4) as same_topic_fcr_{{ name }}_rate,
        {% endfor %}
        pg_current_xact_id() as changed_xid,

        -- dates
        started_date

    from daily

)

select * from final
