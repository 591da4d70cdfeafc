{% set windows = [30, 90, 365] %}
{% set zone = var('business_time_zone') %}
{% set hour_of_day = "extract(hour from started_at at time zone '" ~ zone ~ "')" %}
{% set identifiers = {
    'phones': 'records.phone',
    'emails': 'records.email',
    'openids': "records.openid_app || '/' || records.openid",
    'unionids': 'records.unionid',
    'social_handles': "records.social_platform || '/' || lower(records.social_handle)",
    'account_ids': 'records.account_id',
    'crm_customer_ids': 'records.crm_customer_id',
    'loyalty_cards': 'records.loyalty_card',
} %}

{{ config(
    unique_key='customer_id',
    indexes=[
        {'columns': ['recount_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'dim_customers', 'key': 'customer_id'},
            {'parent': 'int_records__resolved', 'key': 'customer_id'},
            {
                'parent': 'int_records__unioned',
                'key': 'record_id',
                'via': {
                    'model': 'int_records__resolved',
                    'column': 'record_id',
                    'key': 'customer_id',
                },
            },
            {'parent': 'fct_interactions', 'key': 'customer_id'},
            {'parent': 'fct_contact_chains', 'key': 'customer_id'},
            {'parent': 'fct_tickets', 'key': 'customer_id'},
            {
                'parent': 'fct_sla_events',
                'key': 'ticket_id',
                'via': {
                    'model': 'fct_tickets',
                    'column': 'ticket_id',
                    'key': 'customer_id',
                },
            },
            {'parent': 'fct_survey_responses', 'key': 'customer_id'},
            {'parent': 'customer_value', 'key': 'customer_id'},
            {
                'parent': 'int_score_parameters__cleaned',
                'key': 'model_segment_id',
                'where': "segment = 'any'",
                'each': 'unnest(array(select customer_id from :this))',
            },
        ],
        'running': 'recount_at <= :as_of',
    }
) }}

with

customers as (

    select * from {{ ref('dim_customers') }}
    {{ only_touched('customer_id') }}

),

members as (

    select * from {{ ref('int_records__resolved') }}
    {{ only_touched('customer_id') }}

),

records as (

    select * from {{ ref('int_records__unioned') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('customer_id') }}

),

last_interactions as (

    select * from {{ ref('fct_interactions') }}

),

chains as (

    select * from {{ ref('fct_contact_chains') }}
    {{ only_touched('customer_id') }}

),

tickets as (

    select * from {{ ref('fct_tickets') }}
    {{ only_touched('customer_id') }}

),

live_tickets as (

    select * from {{ ref('fct_tickets') }}
    {{ only_touched('customer_id') }}

),

promises as (

    select * from {{ ref('fct_sla_events') }}

),

responses as (

    select * from {{ ref('fct_survey_responses') }}
    {{ only_touched('customer_id') }}

),

customer_values as (

    select * from {{ ref('customer_value') }}
    {{ only_touched('customer_id') }}

),

coefficients as materialized (

    select * from {{ ref('int_score_parameters__cleaned') }}
    where model in ('churn', 'complaint')

),

carried as (

    select
        members.customer_id,
    {% for name, expression in identifiers.items() %}
        coalesce(
            array_agg(distinct {{ expression }} order by {{ expression }}) filter (
                where {{ expression }} is not null
            ),
            array[]::text[]
        ) as {{ name }}
        {{- ',' if not loop.last }}
    {% endfor %}
    from members
    {{ looked_up('records', 'members.record_id = records.record_id') }}
    group by members.customer_id

),

by_hour as materialized (

    -- one pass over the contacts; the rest counts these few rows again
    select
        customer_id,
        channel,
        {{ hour_of_day }}::integer as hour_of_day,
        count(*) filter (where direction <> 'outbound') as contact_count,
        count(*) filter (where direction = 'outbound') as outbound_contact_count,
        count(*) filter (where is_complaint) as complaint_count,
        {% for days in windows %}
            count(*) filter (
                where direction <> 'outbound'
                and {{ in_last_days('started_date', days) }}
            ) as contact_{{ days }}d_count,
            count(*) filter (
                where is_complaint and {{ in_last_days('started_date', days) }}
            ) as complaint_{{ days }}d_count,
        {% endfor %}
        min(started_at) as first_contact_at,
        max(started_at) filter (where direction <> 'outbound') as last_contact_at,
        max(started_at) filter (where is_complaint) as last_complaint_at,
        (
            array_agg(
                interaction_id order by started_at desc, interaction_id desc
            ) filter (
                where direction <> 'outbound' and started_at is not null
            )
        )[1] as last_interaction_id,
        min({{ next_window_date('started_date', windows) }}) as next_window_date
    from interactions
    where customer_id is not null
    group by customer_id, channel, {{ hour_of_day }}

),

by_channel as (

    select
        customer_id,
        channel,
        {% for part in ['contact', 'complaint'] %}
            sum({{ part }}_count)::bigint as {{ part }}_count,
            {% for days in windows %}
                sum({{ part }}_{{ days }}d_count)::bigint
                    as {{ part }}_{{ days }}d_count,
            {% endfor %}
        {% endfor %}
        sum(outbound_contact_count)::bigint as outbound_contact_count,
        min(first_contact_at) as first_contact_at,
        max(last_contact_at) as last_contact_at,
        max(last_complaint_at) as last_complaint_at,
        (array_agg(
            last_interaction_id
            order by last_contact_at desc, last_interaction_id desc
        ) filter (where last_interaction_id is not null))[1] as last_interaction_id,
        min(next_window_date) as next_window_date
    from by_hour
    group by customer_id, channel

),

contacted as (

    select
        customer_id,
        {% for part in ['contact', 'complaint'] %}
            sum({{ part }}_count)::bigint as {{ part }}_count,
            {% for days in windows %}
                sum({{ part }}_{{ days }}d_count)::bigint
                    as {{ part }}_{{ days }}d_count,
            {% endfor %}
        {% endfor %}
        sum(outbound_contact_count)::bigint as outbound_contact_count,
        coalesce(sum(contact_365d_count) filter (where channel = 'bot'), 0)::bigint
            as bot_contact_365d_count,
        jsonb_object_agg(
            channel,
            jsonb_build_object(
                'all', contact_count
                {% for days in windows %}, '{{ days }}d', contact_{{ days }}d_count
                {% endfor %}
            )
        ) filter (where contact_count > 0) as contacts_by_channel,
        (array_agg(
            channel order by contact_365d_count desc, last_contact_at desc, channel asc
        ) filter (where contact_365d_count > 0))[1] as preferred_channel,
        min(first_contact_at) as first_contact_at,
        max(last_contact_at) as last_contact_at,
        max(last_complaint_at) as last_complaint_at,
        (array_agg(
            last_interaction_id
            order by last_contact_at desc, last_interaction_id desc
        ) filter (where last_interaction_id is not null))[1] as last_interaction_id,
        min(next_window_date) as next_window_date
    from by_channel
    group by customer_id

),

hours as (

    select
        customer_id,
        hour_of_day,
        sum(contact_365d_count) as contact_365d_count,
        max(last_contact_at) as last_contact_at
    from by_hour
    where contact_365d_count > 0
    group by customer_id, hour_of_day

),

preferred_hours as (

    select distinct on (customer_id)
        customer_id,
        hour_of_day as preferred_hour
    from hours
    order by
        customer_id asc,
        contact_365d_count desc,
        last_contact_at desc,
        hour_of_day asc

),

repeated as (

    select
        customer_id,
        count(*) as repeat_contact_count,
        count(*) filter (where {{ in_last_days('started_date', 90) }})
            as repeat_contact_90d_count
    from chains
    where chain_position > 1
    group by customer_id

),

asked as (

    select
        customer_id,
        count(*) as ticket_count,
        count(*) filter (where is_live) as open_ticket_count,
        sum(reopen_count)::bigint as reopen_count,
        min(created_at) filter (where is_live) as oldest_open_ticket_at
    from tickets
    where customer_id is not null and not is_deleted
    group by customer_id

),

promised as (

    select
        live_tickets.customer_id,
        count(*) as running_promise_count,
        count(*) filter (where promises.state = 'at_risk') as at_risk_promise_count,
        count(*) filter (where promises.state = 'breached') as breached_promise_count,
        min(promises.due_at) filter (where promises.state <> 'breached') as next_due_at
    from live_tickets
    {{ looked_up(
        'promises', 'live_tickets.ticket_id = promises.ticket_id and promises.is_running'
    ) }}
    where
        live_tickets.customer_id is not null
        and live_tickets.is_live
        and not live_tickets.is_deleted
    group by live_tickets.customer_id

),

answered as (

    select
        customer_id,
        count(*) filter (where survey_type = 'csat') as csat_answer_count,
        count(*) filter (where survey_type = 'nps') as nps_answer_count,
    {% for survey in ['csat', 'nps'] %}
        array_agg(score::numeric order by answered_at desc, invitation_id desc)
        filter (where survey_type = '{{ survey }}') as {{ survey }}_scores
        {{- ',' if not loop.last }}
    {% endfor %}
    from responses
    where is_answered and customer_id is not null
    group by customer_id

),

joined as (

    select
        customers.*,
        {% for name in identifiers %}
            coalesce(carried.{{ name }}, array[]::text[]) as {{ name }},
        {% endfor %}
        coalesce(contacted.contacts_by_channel, '{}') as contacts_by_channel,
        contacted.preferred_channel,
        preferred_hours.preferred_hour,
        last_interactions.interaction_id as last_interaction_id,
        last_interactions.channel as last_channel,
        last_interactions.topic as last_topic,
        case
            when last_interactions.is_abandoned then 'abandoned'
            when last_interactions.is_resolved then 'resolved'
            when last_interactions.is_resolution_known then 'unresolved'
            when last_interactions.is_handed_off then 'handed_off'
            when last_interactions.interaction_id is not null then 'unknown'
        end as last_outcome,
        {% for part in ['contact', 'complaint'] %}
            coalesce(contacted.{{ part }}_count, 0) as {{ part }}_count,
            {% for days in windows %}
                coalesce(contacted.{{ part }}_{{ days }}d_count, 0)
                    as {{ part }}_{{ days }}d_count,
            {% endfor %}
        {% endfor %}
        {% for relation, parts in {
            'contacted': ['outbound_contact_count', 'bot_contact_365d_count'],
            'repeated': ['repeat_contact_count', 'repeat_contact_90d_count'],
            'asked': ['ticket_count', 'open_ticket_count', 'reopen_count'],
            'promised': [
                'running_promise_count', 'at_risk_promise_count',
                'breached_promise_count',
            ],
            'answered': ['csat_answer_count', 'nps_answer_count'],
            'customer_values': [
                'order_count', 'undone_order_count', 'promotion_order_count',
            ],
        }.items() %}
            {% for part in parts %}
                coalesce({{ relation }}.{{ part }}, 0) as {{ part }},
            {% endfor %}
        {% endfor %}
        {% for survey in ['csat', 'nps'] %}
            answered.{{ survey }}_scores[1]::integer as last_{{ survey }}_score,
            (
                answered.{{ survey }}_scores[1]
                - (
                    select avg(earlier.score)
                    from unnest(answered.{{ survey }}_scores[2:6]) as earlier (score)
                )
            )::numeric(6, 2) as {{ survey }}_trend,
        {% endfor %}
        {% for part in [
            'order_currency', 'order_amount', 'average_order_amount',
            'repeat_purchase_count', 'recency_days', 'alive_rate',
            'expected_purchase_count', 'predicted_value_amount',
            'recency_frequency_value_score', 'first_ordered_at', 'last_ordered_at',
        ] %}
            customer_values.{{ part }},
        {% endfor %}
        case
            when customer_values.customer_id is null then 'no_sale'
            else customer_values.predicted_value_reason
        end as predicted_value_reason,
        coalesce(customer_values.value_tier, 'none') as value_tier,
        coalesce(customer_values.value_basis, 'none') as value_basis,
        contacted.first_contact_at,
        contacted.last_contact_at,
        contacted.last_complaint_at,
        asked.oldest_open_ticket_at,
        promised.next_due_at,
        greatest(
            {{ scored_at('customers.customer_id') }}, customer_values.last_ordered_at
        ) as scored_at,
        least(
            {{ scored_at('customers.customer_id') }} + interval '7 days',
            contacted.next_window_date::timestamp at time zone '{{ zone }}'
        ) as recount_at
    from customers
    left join carried
        on customers.customer_id = carried.customer_id
    left join contacted
        on customers.customer_id = contacted.customer_id
    left join preferred_hours
        on customers.customer_id = preferred_hours.customer_id
    left join repeated
        on customers.customer_id = repeated.customer_id
    left join asked
        on customers.customer_id = asked.customer_id
    left join promised
        on customers.customer_id = promised.customer_id
    left join answered
        on customers.customer_id = answered.customer_id
    left join customer_values
        on customers.customer_id = customer_values.customer_id
    {{ looked_up(
        'last_interactions',
        'contacted.last_interaction_id = last_interactions.interaction_id',
        kind='left'
    ) }}

),

scored as (

    select
        joined.*,
    {% for score in ['churn', 'complaint'] %}
        totals.{{ score }}_total,
        totals.{{ score }}_drivers[1] as {{ score }}_risk_driver
        {{- ',' if not loop.last }}
    {% endfor %}
    from joined
    cross join lateral (
        select
        {% for score in ['churn', 'complaint'] %}
                sum(coefficients.parameter_value * measures.measured) filter (
                    where coefficients.model = '{{ score }}'
                ) as {{ score }}_total,
                array_agg(
                    measures.measure
                    order by
                        coefficients.parameter_value * measures.measured desc,
                        measures.measure asc
                ) filter (
                    where coefficients.model = '{{ score }}'
                    and measures.measure <> 'intercept'
                    and coefficients.parameter_value * measures.measured > 0
                ) as {{ score }}_drivers
                {{- ',' if not loop.last }}
        {% endfor %}
        from coefficients
        inner join (
            values {{ score_measures('joined') }}
        ) as measures (measure, measured)
            on coefficients.parameter = measures.measure
    ) as totals

),

risked as (

    select
        *,
        case when order_count > 0 then {{ logistic('churn_total') }} end
            as churn_risk_rate,
        {{ logistic('complaint_total') }} as complaint_risk_rate,
        case
            when open_ticket_count = 0 then null
            when breached_promise_count > 0 then 'breached'
            when at_risk_promise_count > 0 then 'at_risk'
            when running_promise_count > 0 then 'active'
            else 'none'
        end as sla_state
    from scored

),

final as (

    select

        -- ids
        customer_id,
        former_customer_ids,
        last_interaction_id,

        -- strings
        person_name,
        {{ masked_name('person_name') }} as person_name_masked,
        gender,
        phone,
        {{ masked('phone') }} as phone_masked,
        email,
        {{ masked_email('email') }} as email_masked,
        address,
        city,
        postcode,
        language,
        country_code,
        source_names,
        {% for name in identifiers %}
            {{ name }},
            {{ masked_values(name, 'email' if name == 'emails' else 'other') }}
                as {{ name }}_masked,
        {% endfor %}
        preferred_channel,
        last_channel,
        last_topic,
        last_outcome,
        sla_state,
        order_currency,
        predicted_value_reason,
        value_basis,
        value_tier,
        case when order_count = 0 then 'no_sale' end as churn_risk_reason,
        case when order_count > 0 then churn_risk_driver end as churn_risk_driver,
        complaint_risk_driver,
        case
            when csat_answer_count < 2 then 'fewer_than_two_answers'
        end as csat_trend_reason,
        case when nps_answer_count < 2 then 'fewer_than_two_answers' end
            as nps_trend_reason,
        contacts_by_channel,

        -- numerics
        record_count,
        date_part('year', age({{ business_date('scored_at') }}, birth_date))::integer
            as age_years,
        contact_count,
        contact_30d_count,
        contact_90d_count,
        contact_365d_count,
        bot_contact_365d_count,
        (bot_contact_365d_count::numeric / nullif(contact_365d_count, 0))
        ::numeric(5, 4) as bot_contact_rate,
        outbound_contact_count,
        preferred_hour,
        repeat_contact_count,
        repeat_contact_90d_count,
        complaint_count,
        complaint_30d_count,
        complaint_90d_count,
        complaint_365d_count,
        ticket_count,
        open_ticket_count,
        reopen_count,
        running_promise_count,
        at_risk_promise_count,
        breached_promise_count,
        csat_answer_count,
        last_csat_score,
        csat_trend,
        nps_answer_count,
        last_nps_score,
        nps_trend,
        order_count,
        undone_order_count,
        promotion_order_count,
        (promotion_order_count::numeric / nullif(order_count, 0))::numeric(5, 4)
            as promotion_order_rate,
        order_amount,
        average_order_amount,
        repeat_purchase_count,
        recency_days,
        recency_frequency_value_score,
        alive_rate,
        expected_purchase_count,
        predicted_value_amount,
        churn_risk_rate,
        complaint_risk_rate,
        {{ service_priority() }} as service_priority,
        pg_current_xact_id() as changed_xid,

        -- dates
        birth_date,

        -- timestamps
        first_seen_at,
        last_seen_at,
        first_contact_at,
        last_contact_at,
        last_complaint_at,
        oldest_open_ticket_at,
        next_due_at,
        first_ordered_at,
        last_ordered_at,
        scored_at,
        recount_at

    from risked

)

select * from final
