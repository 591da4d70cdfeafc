{{ config(meta={'dagster': {'ref': {'name': 'kpi_queue_hourly'}}}) }}

-- every stay ends in one way, no numerator exceeds its denominator, and a rate is null
-- for a reason only
select *
from {{ ref('kpi_queue_hourly') }}
where
    offered_count
    <> answered_count + abandoned_count + callback_count + otherwise_ended_count
    or short_abandoned_count > abandoned_count
    or transferred_in_count + from_bot_count > offered_count
    or transferred_out_count > answered_count
    or answered_within_target_count > service_level_answered_count
    or service_level_answered_count > service_level_count
    or service_level_count > service_level_all_abandons_count
    or service_level_all_abandons_count > service_level_offered_count
    or service_level_offered_count > offered_count
    or answered_within_600_seconds_count > service_level_answered_count
    or {{ histogram_falls('answered', queue_wait_edges()) }}
    or handle_seconds_sum < talk_seconds_sum
    or (service_level_rate is null) <> (service_level_reason is not null)
    or (asa_seconds is null) <> (asa_reason is not null)
    or (aht_seconds is null) <> (aht_reason is not null)
