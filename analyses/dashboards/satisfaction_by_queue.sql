-- how content customers are, per channel and queue, over the invitations of the last 28
-- reporting days, with how many answered: few answers say little
with

days as (

    select * from {{ ref('kpi_satisfaction_daily') }}

),

latest as (

    select max(sent_date) as last_date
    from {{ ref('kpi_satisfaction_daily') }}

),

final as (

    select
        days.channel,
        days.queue_name,
        sum(days.invitation_count) as invitation_count,
        round(sum(days.answer_count) / nullif(sum(days.invitation_count), 0), 4)
            as response_rate,
        sum(days.csat_answer_count) as csat_answer_count,
        round(
            sum(days.csat_satisfied_count) / nullif(sum(days.csat_answer_count), 0), 4
        ) as csat_rate,
        sum(days.csat_good_to_bad_count) as csat_good_to_bad_count,
        sum(days.nps_answer_count) as nps_answer_count,
        round(
            100 * (sum(days.nps_promoter_count) - sum(days.nps_detractor_count))
            / nullif(sum(days.nps_answer_count), 0),
            1
        ) as nps_score,
        sum(days.ces_answer_count) as ces_answer_count,
        round(sum(days.ces_score_sum) / nullif(sum(days.ces_answer_count), 0), 2)
            as average_ces_score
    from days
    cross join latest
    where days.sent_date > latest.last_date - 28
    group by days.channel, days.queue_name

)

select * from final
order by csat_rate asc nulls last, csat_answer_count desc
