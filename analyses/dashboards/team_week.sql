-- how the teams spent the last seven reporting days, and what came of it: time first,
-- then work, then outcomes
with

days as (

    select * from {{ ref('kpi_agent_daily') }}

),

latest as (

    select max(calendar_date) as last_date
    from {{ ref('kpi_agent_daily') }}
    where has_states

),

final as (

    select
        days.site_code,
        days.team_name,
        days.team_kind,
        count(distinct days.agent_id) as agent_count,
        round(sum(days.logged_in_seconds) / 3600, 1) as logged_in_hours,
        round(
            sum(days.handling_seconds)
            / nullif(sum(days.handling_seconds) + sum(days.available_seconds), 0),
            4
        ) as occupancy_rate,
        round(
            sum(days.handling_seconds) filter (where days.paid_seconds > 0)
            / nullif(sum(days.paid_seconds) filter (where days.has_states), 0),
            4
        ) as utilisation_rate,
        round(
            sum(days.adherent_seconds)
            / nullif(
                sum(days.planned_seconds)
                filter (where days.adherent_seconds is not null),
                0
            ),
            4
        ) as adherence_rate,
        sum(days.handled_count) as handled_count,
        round(sum(days.handle_seconds_sum) / nullif(sum(days.handle_count), 0), 1)
            as aht_seconds,
        round(sum(days.fcr_count) / nullif(sum(days.fcr_known_count), 0), 4)
            as fcr_rate,
        round(
            sum(days.csat_satisfied_count) / nullif(sum(days.csat_answer_count), 0), 4
        ) as csat_rate,
        sum(days.csat_answer_count) as csat_answer_count
    from days
    cross join latest
    where
        days.calendar_date > latest.last_date - 7
        and days.calendar_date <= latest.last_date
    group by days.site_code, days.team_name, days.team_kind

)

select * from final
order by site_code asc, team_name asc
