-- does the bot settle as much as people do, at what cost: plainly, and as if both had
-- the topics that all contacts have; topics that one of them never had are left out of
-- both
with

lines as (

    select * from {{ ref('kpi_topic_economics_daily') }}

),

sides as (

    select
        topic,
        sum(contact_count) as contact_count,
        sum(resolved_count) filter (where team_kind = 'bot') as bot_resolved_count,
        sum(resolution_known_count) filter (where team_kind = 'bot') as bot_known_count,
        sum(cost_amount) filter (where team_kind = 'bot') as bot_cost_amount,
        sum(cost_known_count) filter (where team_kind = 'bot') as bot_cost_known_count,
        sum(resolved_count) filter (where team_kind <> 'bot') as people_resolved_count,
        sum(resolution_known_count) filter (where team_kind <> 'bot')
            as people_known_count,
        sum(cost_amount) filter (where team_kind in ('own', 'outsourced'))
            as people_cost_amount,
        sum(cost_known_count) filter (where team_kind in ('own', 'outsourced'))
            as people_cost_known_count
    from lines
    where topic is not null
    group by topic

),

compared as (

    select
        *,
        bot_known_count > 0 and people_known_count > 0 as is_compared
    from sides

),

final as (

    select
        sum(bot_resolved_count) / sum(bot_known_count) as bot_resolution_rate,
        sum(people_resolved_count) / sum(people_known_count) as people_resolution_rate,
        sum(bot_resolved_count) / sum(bot_known_count)
        - sum(people_resolved_count) / sum(people_known_count) as plain_gap,
        sum(
            contact_count * (
                bot_resolved_count / nullif(bot_known_count, 0)
                - people_resolved_count / nullif(people_known_count, 0)
            )
        ) filter (where is_compared)
        / sum(contact_count) filter (where is_compared) as standardised_gap,
        sum(contact_count) filter (where is_compared) / sum(contact_count)
            as coverage_rate,
        sum(bot_cost_amount) / sum(bot_cost_known_count) as bot_average_cost_amount,
        sum(people_cost_amount) / sum(people_cost_known_count)
            as people_average_cost_amount,
        sum(
            contact_count * people_cost_amount / nullif(people_cost_known_count, 0)
        ) filter (
            where bot_cost_known_count > 0 and people_cost_known_count > 0
        )
        / sum(contact_count) filter (
            where bot_cost_known_count > 0 and people_cost_known_count > 0
        ) as people_standardised_average_cost_amount
    from compared

)

select * from final
