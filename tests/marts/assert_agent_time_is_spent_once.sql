{{ config(meta={'dagster': {'ref': {'name': 'kpi_agent_daily'}}}) }}

-- no second of an agent's day is in two kinds of states, no day is longer than a day,
-- and a rate is null for a reason only
select *
from {{ ref('kpi_agent_daily') }}
where
    logged_in_seconds
    <> handling_seconds + available_seconds + training_seconds
    + break_seconds + other_seconds
    or logged_in_seconds > 86400
    or handling_seconds > handling_seconds_sum
    or adherent_seconds > planned_seconds
    or adherent_seconds > logged_in_seconds
    or contact_work_seconds > contact_work_seconds_sum
    or handle_count > handled_count
    or fcr_count > fcr_known_count
    or csat_satisfied_count > csat_answer_count
    or (occupancy_rate is null) <> (occupancy_reason is not null)
    or (idle_rate is null) <> (occupancy_reason is not null)
    or (utilisation_rate is null) <> (utilisation_reason is not null)
    or (adherence_rate is null) <> (adherence_reason is not null)
    or (average_concurrency is null) <> (concurrency_reason is not null)
    or (aht_seconds is null) <> (aht_reason is not null)
    or (fcr_rate is null) <> (fcr_reason is not null)
    or (csat_rate is null) <> (csat_reason is not null)
