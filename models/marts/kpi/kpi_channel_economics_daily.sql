{# the days over which a line is standardised; the least share of contacts it covers #}
{% set window_days = 28 %}
{% set least_coverage = 0.8 %}

{{ config(
    unique_key='channel_team_date_id',
    indexes=[
        {'columns': ['started_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'kpi_topic_economics_daily',
                'key': 'started_date',
                'each': "generate_series(fresh_key::date, fresh_key::date + "
                ~ (window_days - 1) ~ ", interval '1 day')::date::text",
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

touched_days as (

    select distinct started_date
    from {{ ref('kpi_topic_economics_daily') }}
    {{ only_touched('started_date') }}

),

-- imported anew: the window of a touched day reaches back to days that are not
lines as (

    select * from {{ ref('kpi_topic_economics_daily') }}

),

daily as (

    select
        channel,
        team_kind,
        max(reporting_currency) as reporting_currency,
        {{ economics_part_sums() }},
        started_date
    from touched_lines
    group by channel, team_kind, started_date

),

windowed as (

    select
        touched_days.started_date,
        lines.channel,
        lines.team_kind,
        sum(lines.contact_count) as contact_count,
        sum(lines.resolution_known_count) as resolution_known_count,
        sum(lines.resolved_count) as resolved_count,
        sum(lines.cost_known_count) as cost_known_count,
        sum(lines.cost_amount) as cost_amount,
        sum(lines.conversion_known_count) as conversion_known_count,
        sum(lines.converted_count) as converted_count,
        -- what all lines together were about is the standard
        sum(sum(lines.contact_count)) over one_topic as topic_contact_count,
        sum(sum(lines.contact_count)) over all_topics as all_contact_count
    from touched_days
    inner join lines
        on
            touched_days.started_date - {{ window_days }} < lines.started_date
            and touched_days.started_date >= lines.started_date
    where lines.topic is not null
    group by
        touched_days.started_date,
        lines.channel,
        lines.team_kind,
        lines.topic
    window
        one_topic as (partition by touched_days.started_date, lines.topic),
        all_topics as (partition by touched_days.started_date)

),

standardised as (

    select
        started_date,
        channel,
        team_kind,
        sum(resolution_known_count) as window_resolution_known_count,
        sum(resolved_count) as window_resolved_count,
        sum(topic_contact_count) filter (where resolution_known_count > 0)
            as resolution_weight,
        sum(topic_contact_count * resolved_count / nullif(resolution_known_count, 0))
            as weighted_resolution,
        sum(topic_contact_count) filter (where cost_known_count > 0) as cost_weight,
        sum(topic_contact_count * cost_amount / nullif(cost_known_count, 0))
            as weighted_cost,
        sum(topic_contact_count) filter (where conversion_known_count > 0)
            as conversion_weight,
        sum(topic_contact_count * converted_count / nullif(conversion_known_count, 0))
            as weighted_conversion,
        max(all_contact_count) as all_contact_count
    from windowed
    group by started_date, channel, team_kind

),

covered as (

    select
        started_date,
        channel,
        team_kind,
        window_resolved_count / nullif(window_resolution_known_count, 0)
            as window_resolution_rate,
        coalesce(resolution_weight, 0) / all_contact_count as resolution_coverage,
        coalesce(cost_weight, 0) / all_contact_count as cost_coverage,
        coalesce(conversion_weight, 0) / all_contact_count as conversion_coverage,
        weighted_resolution / resolution_weight as resolution,
        weighted_cost / cost_weight as cost,
        weighted_conversion / conversion_weight as conversion
    from standardised

),

final as (

    select

        -- ids
        {{ surrogate_key(['daily.channel', 'daily.team_kind', 'daily.started_date']) }}
            as channel_team_date_id,

        -- strings
        daily.channel,
        daily.team_kind,
        daily.reporting_currency,
        case when daily.cost_known_count = 0 then 'no_cost_known' end as cost_reason,
        case when daily.resolution_known_count = 0 then 'no_resolution_known' end
            as resolution_reason,
        case when daily.conversion_known_count = 0 then 'no_mature_contacts' end
            as conversion_reason,
        case
            when daily.conversion_known_count = 0 then 'no_mature_contacts'
            when daily.return_cost_amount = 0 then 'no_cost'
        end as return_reason,
        {% for measure in ['resolution', 'cost', 'conversion'] %}
            case
                when coalesce(covered.{{ measure }}_coverage, 0) < {{ least_coverage }}
                    then 'topics_not_covered'
            end as standardised_{{ measure }}_reason,
        {% endfor %}

        -- numerics
        {{ economics_part_list('daily') }},
        (
            daily.resolved_count::numeric / nullif(daily.resolution_known_count, 0)
        )::numeric(5, 4) as resolution_rate,
        (daily.cost_amount / nullif(daily.cost_known_count, 0))::numeric(12, 2)
            as average_cost_amount,
        (
            daily.resolution_cost_amount
            / nullif(daily.resolution_cost_resolved_count, 0)
        )::numeric(12, 2) as cost_per_resolution_amount,
        (
            daily.converted_count::numeric / nullif(daily.conversion_known_count, 0)
        )::numeric(5, 4) as conversion_rate,
        (
            (daily.return_revenue_amount - daily.return_cost_amount)
            / nullif(daily.return_cost_amount, 0)
        )::numeric(12, 4) as return_on_cost,
        covered.window_resolution_rate::numeric(5, 4) as resolution_28_days_rate,
        coalesce(covered.resolution_coverage, 0)::numeric(5, 4)
            as standardised_resolution_coverage_rate,
        coalesce(covered.cost_coverage, 0)::numeric(5, 4)
            as standardised_cost_coverage_rate,
        coalesce(covered.conversion_coverage, 0)::numeric(5, 4)
            as standardised_conversion_coverage_rate,
        case
            when covered.resolution_coverage >= {{ least_coverage }}
                then covered.resolution
        end::numeric(5, 4) as standardised_resolution_rate,
        case when covered.cost_coverage >= {{ least_coverage }} then covered.cost end
        ::numeric(12, 2) as standardised_average_cost_amount,
        case
            when
                covered.resolution_coverage >= {{ least_coverage }}
                and covered.cost_coverage >= {{ least_coverage }}
                then covered.cost / nullif(covered.resolution, 0)
        end::numeric(12, 2) as standardised_cost_per_resolution_amount,
        case
            when covered.conversion_coverage >= {{ least_coverage }}
                then covered.conversion
        end::numeric(5, 4) as standardised_conversion_rate,
        pg_current_xact_id() as changed_xid,

        -- dates
        daily.started_date

    from daily
    left join covered
        on
            daily.started_date = covered.started_date
            and daily.channel = covered.channel
            and daily.team_kind = covered.team_kind

)

select * from final
