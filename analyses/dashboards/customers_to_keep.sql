-- which customers to call before they leave: worth most, likely to stop buying, or with
-- something unsettled; names and numbers are masked
with

customers as (

    select * from {{ ref('customer_360') }}

),

labels as (

    select
        customer_id,
        string_agg(label_name, ', ' order by label_name) as labels
    from {{ ref('customer_labels') }}
    where is_current
    group by customer_id

),

final as (

    select
        customers.customer_id,
        customers.person_name_masked,
        customers.phone_masked,
        customers.preferred_channel,
        customers.preferred_hour,
        customers.value_tier,
        customers.predicted_value_amount,
        customers.order_currency,
        customers.churn_risk_rate,
        customers.churn_risk_driver,
        customers.complaint_risk_rate,
        customers.open_ticket_count,
        customers.sla_state,
        customers.last_csat_score,
        customers.last_contact_at,
        customers.service_priority,
        labels.labels
    from customers
    left join labels
        on customers.customer_id = labels.customer_id
    where
        customers.value_tier in ('high', 'middle')
        and (
            customers.churn_risk_rate >= 0.5
            or customers.complaint_risk_rate >= 0.25
            or customers.sla_state in ('at_risk', 'breached')
        )

)

select * from final
order by
    service_priority asc,
    predicted_value_amount desc nulls last,
    customer_id asc
limit 200
