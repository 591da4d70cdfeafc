{#
    What the ticket KPIs count per day; all of it adds up over tickets, days and lines.
    Definitions in words: models/marts/kpi/_kpi__docs.md
#}
{% macro ticket_measures() %}
    {{ return([
        'created_count',
        'reopened_count',
        'resolved_count',
        'first_reply_count',
        'first_reply_seconds_sum',
        'first_reply_business_count',
        'first_reply_business_seconds_sum',
        'first_reply_within_1_hour_count',
        'first_reply_within_4_hours_count',
        'first_reply_within_8_hours_count',
        'first_reply_within_24_hours_count',
        'reply_count',
        'timed_reply_count',
        'reply_seconds_sum',
        'full_resolution_count',
        'first_resolution_seconds_sum',
        'full_resolution_seconds_sum',
        'full_resolution_business_count',
        'full_resolution_business_seconds_sum',
        'requester_wait_seconds_sum',
        'no_touch_count',
        'one_touch_count',
        'two_touch_count',
        'multi_touch_count',
        'handoff_count',
        'csat_answer_count',
        'csat_satisfied_count',
        'csat_score_sum',
        'sla_met_count',
        'sla_breached_count',
    ]) }}
{% endmacro %}
