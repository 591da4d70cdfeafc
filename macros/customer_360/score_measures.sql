{#
    What the risk scores weigh, as rows of (measure, value); the weights are in
    `seed_score_coefficients`, which describes each
#}
{% macro score_measures(rows) -%}
    ('intercept', 1.0::float8),
            (
                'weeks_since_last_order',
                least(
                    extract(epoch from {{ rows }}.scored_at - {{ rows }}.last_ordered_at)
                    / 604800.0,
                    52.0
                )::float8
            ),
            (
                'repeat_purchases',
                ln(1.0 + coalesce({{ rows }}.repeat_purchase_count, 0))::float8
            ),
            ('complaints_90d', least({{ rows }}.complaint_90d_count, 3)::float8),
            ('complaints_365d', ln(1.0 + {{ rows }}.complaint_365d_count)::float8),
            (
                'bad_last_csat',
                case when {{ rows }}.last_csat_score <= 2 then 1.0 else 0.0 end::float8
            ),
            (
                'unresolved_last_contact',
                case when {{ rows }}.last_outcome = 'unresolved' then 1.0 else 0.0 end
                ::float8
            ),
            ('open_tickets', least({{ rows }}.open_ticket_count, 3)::float8),
            ('breached_promises', least({{ rows }}.breached_promise_count, 3)::float8),
            ('repeat_contacts_90d', least({{ rows }}.repeat_contact_90d_count, 5)::float8)
{%- endmacro %}
