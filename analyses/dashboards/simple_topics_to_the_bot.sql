-- what if the bot were the first to answer a part of the simple contacts that people
-- answer today: a contact that it settles costs its session, one that it does not
-- settle costs the session and a person too. What is saved can be spent on the other
-- contacts: the last columns tell how much longer each may take for the same money
with

lines as (

    select * from {{ ref('kpi_topic_economics_daily') }}

),

hourly_rates as (

    select
        team_kind,
        cost_amount as hourly_amount
    from {{ ref('seed_cost_rates') }}
    where cost_basis = 'hour' and valid_to is null

),

recent as (

    select lines.*
    from lines
    where
        lines.topic is not null
        and lines.started_date
        > (select max(latest.started_date) - 28 from lines as latest)

),

topics as (

    select
        topic,
        is_simple,
        sum(contact_count) filter (where team_kind in ('own', 'outsourced'))
            as people_contact_count,
        sum(cost_amount) filter (where team_kind in ('own', 'outsourced'))
        / nullif(
            sum(cost_known_count) filter (where team_kind in ('own', 'outsourced')), 0
        ) as people_unit_amount,
        sum(cost_amount) filter (where team_kind = 'bot')
        / nullif(sum(cost_known_count) filter (where team_kind = 'bot'), 0)
            as bot_unit_amount,
        -- sessions that were handed over or left are not settled; of the others as
        -- many as of those whose end is known
        sum(handled_count) filter (where team_kind = 'bot')
        / nullif(sum(contact_count) filter (where team_kind = 'bot'), 0)
        * sum(resolved_count) filter (where team_kind = 'bot')
        / nullif(
            sum(resolution_known_count) filter (where team_kind = 'bot'), 0
        )
            as bot_settled_rate
    from recent
    group by topic, is_simple

),

hard as (

    select sum(people_contact_count) as hard_contact_count
    from topics
    where not is_simple

),

shifted as (

    select
        topics.topic,
        topics.people_contact_count,
        topics.people_unit_amount,
        topics.bot_unit_amount,
        topics.bot_settled_rate,
        -- below this the shift costs more than it saves
        topics.bot_unit_amount / nullif(topics.people_unit_amount, 0)
            as break_even_settled_rate,
        topics.bot_settled_rate * topics.people_unit_amount - topics.bot_unit_amount
            as saved_per_contact_amount
    from topics
    where topics.is_simple

),

final as (

    select
        shifted.topic,
        share.shift_rate,
        shifted.people_contact_count,
        round(shifted.people_contact_count * share.shift_rate) as shifted_contact_count,
        round(shifted.people_unit_amount, 2) as people_unit_amount,
        round(shifted.bot_unit_amount, 2) as bot_unit_amount,
        round(shifted.bot_settled_rate, 4) as bot_settled_rate,
        round(shifted.break_even_settled_rate, 4) as break_even_settled_rate,
        round(
            shifted.people_contact_count
            * share.shift_rate
            * shifted.saved_per_contact_amount,
            2
        ) as saved_amount,
        round(
            shifted.people_contact_count
            * share.shift_rate
            * shifted.saved_per_contact_amount
            / hourly_rates.hourly_amount,
            1
        ) as freed_hours,
        round(
            shifted.people_contact_count
            * share.shift_rate
            * shifted.saved_per_contact_amount
            / hourly_rates.hourly_amount
            * 3600
            / nullif(hard.hard_contact_count, 0)
        ) as seconds_more_per_hard_contact
    from shifted
    cross join hard
    cross join hourly_rates
    cross join (values (0.1), (0.2), (0.3), (0.5)) as share (shift_rate)

)

select * from final
order by topic, shift_rate
