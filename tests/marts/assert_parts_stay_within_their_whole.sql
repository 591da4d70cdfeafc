{{ config(meta={'dagster': {'ref': {'name': 'kpi_channel_hourly'}}}) }}

-- no numerator exceeds its denominator, and the histograms only rise
select *
from {{ ref('kpi_channel_hourly') }}
where
    offered_count > contact_count
    or handled_count + coalesce(abandoned_count, 0) + callback_count > offered_count
    or short_abandoned_count > abandoned_count
    or resolved_count > resolution_known_count
    or csat_satisfied_count > csat_answer_count
    or csat_answer_count > csat_invitation_count
    or first_response_within_86400_seconds_count > first_response_count
    or {{ histogram_falls('first_response', first_response_edges()) }}
    or {{ histogram_falls('handle', handle_edges()) }}
    or handle_within_3600_seconds_count > handle_count
