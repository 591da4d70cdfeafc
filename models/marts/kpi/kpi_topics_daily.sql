{{ config(
    unique_key='topic_channel_date_id',
    indexes=[
        {'columns': ['topic_channel_id']},
        {'columns': ['started_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'kpi_topic_economics_daily',
                'key': 'started_date',
                'each': "generate_series(fresh_key::date, fresh_key::date + 13, "
                ~ "interval '1 day')::date::text",
            },
        ],
        'touched_key': 'started_date',
        'touched_type': 'date',
    }
) }}

with

touched_lines as (

    select * from {{ ref('kpi_topic_economics_daily') }}
    {{ only_touched('started_date') }}

),

-- imported anew: the fourteen days of a touched day reach back to days that are not
lines as (

    select * from {{ ref('kpi_topic_economics_daily') }}

),

daily as (

    select
        topic_channel_id,
        channel,
        topic,
        topic_group,
        sum(contact_count)::bigint as contact_count,
        sum(complaint_count)::bigint as complaint_count,
        sum(repeat_known_7d_count)::bigint as repeat_known_7d_count,
        sum(repeated_7d_count)::bigint as repeated_7d_count,
        sum(same_topic_repeated_7d_count)::bigint as same_topic_repeated_7d_count,
        (sum(sum(contact_count)) over channel_days)::bigint as channel_contact_count,
        is_simple,
        started_date
    from touched_lines
    group by topic_channel_id, channel, topic, topic_group, is_simple, started_date
    window channel_days as (partition by channel, started_date)

),

trended as (

    select
        daily.topic_channel_id,
        daily.channel,
        daily.topic,
        daily.topic_group,
        daily.contact_count,
        daily.channel_contact_count,
        daily.complaint_count,
        daily.repeat_known_7d_count,
        daily.repeated_7d_count,
        daily.same_topic_repeated_7d_count,
        coalesce(
            sum(lines.contact_count) filter (
                where lines.started_date > daily.started_date - 7
            ),
            0
        )::bigint as contacts_7_days_count,
        coalesce(
            sum(lines.contact_count) filter (
                where lines.started_date <= daily.started_date - 7
            ),
            0
        )::bigint as contacts_previous_7_days_count,
        daily.is_simple,
        daily.started_date
    from daily
    inner join lines
        on
            daily.topic_channel_id = lines.topic_channel_id
            and daily.started_date - 14 < lines.started_date
            and daily.started_date >= lines.started_date
    group by
        daily.topic_channel_id,
        daily.channel,
        daily.topic,
        daily.topic_group,
        daily.contact_count,
        daily.channel_contact_count,
        daily.complaint_count,
        daily.repeat_known_7d_count,
        daily.repeated_7d_count,
        daily.same_topic_repeated_7d_count,
        daily.is_simple,
        daily.started_date

),

final as (

    select

        -- ids
        topic_channel_id || '|' || started_date as topic_channel_date_id,
        topic_channel_id,

        -- strings
        channel,
        topic,
        topic_group,
        case when contacts_previous_7_days_count = 0 then 'none_before' end
            as trend_reason,
        case when repeat_known_7d_count = 0 then 'no_mature_contacts' end
            as repeat_reason,

        -- numerics
        contact_count,
        channel_contact_count,
        complaint_count,
        repeat_known_7d_count,
        repeated_7d_count,
        same_topic_repeated_7d_count,
        contacts_7_days_count,
        contacts_previous_7_days_count,
        (contact_count::numeric / channel_contact_count)::numeric(5, 4) as share_rate,
        (
            contacts_7_days_count::numeric / nullif(contacts_previous_7_days_count, 0)
            - 1
        )::numeric(12, 4) as trend_change,
        (
            repeated_7d_count::numeric / nullif(repeat_known_7d_count, 0)
        )::numeric(5, 4) as repeat_rate,
        (complaint_count::numeric / contact_count)::numeric(5, 4) as complaint_rate,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_simple,

        -- dates
        started_date

    from trended

)

select * from final
