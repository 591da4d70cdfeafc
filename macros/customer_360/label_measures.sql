{#
    The columns of customer_360 that a label may ask about, with their kind. A rule about
    anything else is refused; a new measure is one more line
#}
{% macro label_measures() %}
    {{ return({
        'age_years': 'number',
        'record_count': 'number',
        'contact_count': 'number',
        'contact_30d_count': 'number',
        'contact_90d_count': 'number',
        'contact_365d_count': 'number',
        'bot_contact_365d_count': 'number',
        'bot_contact_rate': 'number',
        'outbound_contact_count': 'number',
        'preferred_hour': 'number',
        'repeat_contact_count': 'number',
        'repeat_contact_90d_count': 'number',
        'complaint_count': 'number',
        'complaint_30d_count': 'number',
        'complaint_90d_count': 'number',
        'complaint_365d_count': 'number',
        'ticket_count': 'number',
        'open_ticket_count': 'number',
        'reopen_count': 'number',
        'at_risk_promise_count': 'number',
        'breached_promise_count': 'number',
        'csat_answer_count': 'number',
        'last_csat_score': 'number',
        'csat_trend': 'number',
        'last_nps_score': 'number',
        'nps_trend': 'number',
        'order_count': 'number',
        'undone_order_count': 'number',
        'promotion_order_count': 'number',
        'promotion_order_rate': 'number',
        'order_amount': 'number',
        'average_order_amount': 'number',
        'recency_days': 'number',
        'recency_frequency_value_score': 'number',
        'alive_rate': 'number',
        'expected_purchase_count': 'number',
        'predicted_value_amount': 'number',
        'churn_risk_rate': 'number',
        'complaint_risk_rate': 'number',
        'service_priority': 'number',
        'gender': 'text',
        'language': 'text',
        'country_code': 'text',
        'city': 'text',
        'preferred_channel': 'text',
        'last_channel': 'text',
        'last_topic': 'text',
        'last_outcome': 'text',
        'sla_state': 'text',
        'order_currency': 'text',
        'value_basis': 'text',
        'value_tier': 'text',
    }) }}
{% endmacro %}


{# the measures of a customer as rows of (measure, number, text) #}
{% macro label_measure_rows(rows) -%}
    {%- for measure, kind in label_measures().items() -%}
        {%- if kind == 'number' -%}
        ('{{ measure }}', {{ rows }}.{{ measure }}::numeric, null::text)
        {%- else -%}
        ('{{ measure }}', null::numeric, {{ rows }}.{{ measure }})
        {%- endif -%}
        {{- ',\n            ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# the measures and their kind, as rows #}
{% macro label_measure_kinds() -%}
    {%- for measure, kind in label_measures().items() -%}
        ('{{ measure }}', '{{ kind }}'){{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
