{# what others read #}
{% macro live_views_text() %}
    {% set schema = live_schema() %}
    create or replace view {{ schema }}.channel_hours as
    select
        minutes.channel,
        {{ business_hour('minutes.minute') }} as hour_started_at,
        {% for name, part in live_hour_parts().items() %}
        {% if name in ('abandoned_count', 'short_abandoned_count') %}
        case when channels.has_abandonment then sum(minutes.{{ part }})::bigint end
        {% else %}
        sum(minutes.{{ part }})::bigint
        {% endif %}
            as {{ name }},
        {% endfor %}
        sum(minutes.within_target)::bigint as within_target_count,
        sum(minutes.ended)::bigint as ended_count,
        max(minutes.changed_xid) as changed_xid
    from {{ schema }}.minutes
    left join {{ schema }}.channels
        on minutes.channel = channels.channel
    group by
        minutes.channel,
        {{ business_hour('minutes.minute') }},
        channels.has_abandonment
    having sum(minutes.contacts) > 0;
    comment on view {{ schema }}.channel_hours is
        'One row per channel and reporting hour, in the words of marts.kpi_channel_hourly.';

    create or replace view {{ schema }}.queues_now as
    select
        known.channel,
        nullif(known.queue_name, '-') as queue_name,
        coalesce(open_now.waiting_count, 0) as waiting_count,
        greatest(extract(epoch from now() - open_now.waiting_since), 0)::bigint
            as longest_wait_seconds,
        open_now.waiting_since,
        open_now.oldest_contact_id,
        coalesce(open_now.in_progress_count, 0) as in_progress_count,
        coalesce(open_now.unanswered_count, 0) as unanswered_count,
        greatest(extract(epoch from now() - open_now.unanswered_since), 0)::bigint
            as longest_unanswered_seconds,
        open_now.unanswered_since
    from (
        select channel, queue_name
        from {{ schema }}.minutes
        where minute > now() - interval '1 day'
        union
        select channel, coalesce(queue_name, '-')
        from {{ schema }}.contacts
        where open_until > now()
    ) as known
    left join (
        select
            channel,
            coalesce(queue_name, '-') as queue_name,
            count(waiting_since) as waiting_count,
            min(waiting_since) as waiting_since,
            (array_agg(contact_id order by waiting_since asc, contact_id asc)
                filter (where waiting_since is not null))[1] as oldest_contact_id,
            count(*) filter (where is_handled) as in_progress_count,
            count(unanswered_since) as unanswered_count,
            min(unanswered_since) as unanswered_since
        from {{ schema }}.contacts
        where open_until > now() and is_counted
        group by channel, coalesce(queue_name, '-')
    ) as open_now
        on known.channel = open_now.channel and known.queue_name = open_now.queue_name;
    comment on view {{ schema }}.queues_now is
        'One row per channel and queue that was heard of within a day: who waits for a '
        'first response, since when, and how many are being served.';

    create or replace view {{ schema }}.agents_now as
    select
        agents.site_code,
        agents.team_name,
        agents.team_kind,
        count(*) filter (where latest.state_kind = 'available') as available_count,
        count(*) filter (where latest.state_kind = 'handling') as busy_count,
        count(*) filter (
            where latest.state_kind not in ('available', 'handling', 'offline')
        ) as away_count,
        max(latest.started_at) as last_known_at
    from (
        select distinct on (agent_id) *
        from {{ schema }}.agent_states
        where started_at between now() - interval '1 day' and now()
        order by agent_id asc, started_at desc, state_id desc
    ) as latest
    left join {{ schema }}.agents
        on latest.agent_id = agents.agent_id
    where
        latest.ended_at is null
        -- a stay may be told of when it is over, and the next one not yet
        or latest.ended_at > now() - interval '15 minutes'
    group by agents.site_code, agents.team_name, agents.team_kind;
    comment on view {{ schema }}.agents_now is
        'One row per site and team of whose agents a state is known this moment: how many '
        'are available, busy with a customer, or away.';

    create or replace view {{ schema }}.feeds as
    select
        feeds.source_name,
        feeds.table_name,
        feeds.channel,
        feeds.last_event_at,
        feeds.last_landed_at,
        coalesce(recent.last_minute, 0)::bigint as landed_count_last_minute,
        coalesce(recent.last_hour, 0)::bigint as landed_count_last_hour,
        feeds.expected_per_hour,
        feeds.is_stream,
        limits.limit_seconds,
        feeds.last_landed_at is not null
        and limits.limit_seconds is not null
        and now() - feeds.last_landed_at > limits.limit_seconds * interval '1 second'
            as is_stale
    from {{ schema }}.feed_tables as feeds
    cross join lateral (
        select
            coalesce(
                feeds.limit_seconds,
                -- a stream is silent too long after twenty times its usual pause
                case
                    when feeds.is_stream
                        then greatest(300, least(
                            coalesce(20 * 3600 / nullif(feeds.expected_per_hour, 0), 900),
                            feeds.stale_after_seconds
                        ))::bigint
                end,
                feeds.stale_after_seconds
            ) as limit_seconds
    ) as limits
    left join (
        select
            source_name,
            table_name,
            sum(row_count) as last_hour,
            -- the last whole one
            sum(row_count) filter (
                where minute = date_trunc('minute', now()) - interval '1 minute'
            ) as last_minute
        from {{ schema }}.landed_minutes
        where minute > now() - interval '1 hour'
        group by source_name, table_name
    ) as recent
        on
            feeds.source_name = recent.source_name
            and feeds.table_name = recent.table_name;
    comment on view {{ schema }}.feeds is
        'One row per raw table: when it was last heard of, how much lands, how much '
        'is usual, after which silence it is stale, and whether it is.';
{% endmacro %}
