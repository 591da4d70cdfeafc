{{ config(
    unique_key='customer_id',
    indexes=[{'columns': ['changed_xid']}],
    meta={
        'touched_by': [
            {'parent': 'customer_360', 'key': 'customer_id'},
            {'parent': 'customer_labels', 'key': 'customer_id'},
            {'parent': 'fct_tickets', 'key': 'customer_id'},
            {'parent': 'int_records__resolved', 'key': 'customer_id'},
        ],
    }
) }}

with

customers as (

    select * from {{ ref('customer_360') }}
    {{ only_touched('customer_id') }}

),

labels as (

    select * from {{ ref('customer_labels') }}
    {{ only_touched('customer_id') }}

),

tickets as (

    select * from {{ ref('fct_tickets') }}
    {{ only_touched('customer_id') }}

),

labelled as (

    select
        customer_id,
        jsonb_agg(
            jsonb_build_object(
                'label', label,
                'name', label_name,
                'name_zh', label_name_zh,
                'since', since_at
            )
            order by label asc
        ) as labels,
        -- what the labels call for, the most urgent first
        (
            array_agg(
                jsonb_build_object(
                    'action', next_action,
                    'text', action_text,
                    'text_zh', action_text_zh,
                    'because_of', label
                )
                order by action_rank asc
            ) filter (where action_rank is not null)
        )[1] as next_best_action
    from labels
    where is_current
    group by customer_id

),

opened as (

    select
        customer_id,
        jsonb_agg(
            jsonb_build_object(
                'ticket_id', ticket_id,
                'subject', subject,
                'status', status,
                'priority', priority,
                'channel', channel,
                'topic', topic,
                'agent_id', agent_id,
                'created_at', created_at,
                'reopen_count', reopen_count
            )
            order by created_at asc, ticket_id asc
        ) as open_tickets
    from tickets
    where is_live and not is_deleted and customer_id is not null
    group by customer_id

),

final as (

    select

        -- ids
        customers.customer_id,

        -- strings
        jsonb_build_object(
            'customer_id', customers.customer_id,
            'former_customer_ids', customers.former_customer_ids,
            'name', customers.person_name,
            'gender', customers.gender,
            'phone', customers.phone_masked,
            'email', customers.email_masked,
            'city', customers.city,
            'language', customers.language,
            'country_code', customers.country_code,
            'value_tier', customers.value_tier,
            'service_priority', customers.service_priority
        )
        || jsonb_build_object(
            'contacts', jsonb_build_object(
                'all', customers.contact_count,
                '30d', customers.contact_30d_count,
                '90d', customers.contact_90d_count,
                '365d', customers.contact_365d_count,
                'by_channel', customers.contacts_by_channel,
                'repeated_90d', customers.repeat_contact_90d_count,
                'complaints_365d', customers.complaint_365d_count,
                'first_at', customers.first_contact_at,
                'last_at', customers.last_contact_at,
                'last_topic', customers.last_topic,
                'last_outcome', customers.last_outcome,
                'preferred_channel', customers.preferred_channel,
                'preferred_hour', customers.preferred_hour
            ),
            'tickets', jsonb_build_object(
                'all', customers.ticket_count,
                'open', customers.open_ticket_count,
                'reopened', customers.reopen_count,
                'sla_state', customers.sla_state,
                'next_due_at', customers.next_due_at
            ),
            'satisfaction', jsonb_build_object(
                'last_csat', customers.last_csat_score,
                'csat_trend', customers.csat_trend,
                'last_nps', customers.last_nps_score,
                'nps_trend', customers.nps_trend
            ),
            'orders', jsonb_build_object(
                'all', customers.order_count,
                'amount', customers.order_amount,
                'currency', customers.order_currency,
                'last_at', customers.last_ordered_at,
                'predicted_value', customers.predicted_value_amount,
                'value_basis', customers.value_basis
            ),
            'risks', jsonb_build_object(
                'churn', customers.churn_risk_rate,
                'churn_driver', customers.churn_risk_driver,
                'complaint', customers.complaint_risk_rate,
                'complaint_driver', customers.complaint_risk_driver
            )
        ) as card,
        coalesce(labelled.labels, '[]') as labels,
        coalesce(opened.open_tickets, '[]') as open_tickets,
        coalesce(labelled.next_best_action, 'null') as next_best_action,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        customers.last_contact_at

    from customers
    left join labelled
        on customers.customer_id = labelled.customer_id
    left join opened
        on customers.customer_id = opened.customer_id

)

select * from final
