{{ config(materialized='table') }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

customers as (

    select * from {{ ref('customer_360') }}

),

in_contact as (

    -- whoever came several times is one customer, with the last contact
    select distinct on (channel, customer_id)
        channel,
        customer_id,
        source_record_id
    from interactions
    where
        started_at > {{ as_of() }} - interval '30 minutes'
        and started_at <= {{ as_of() }}
        and customer_id is not null
        and is_offered
    order by channel asc, customer_id asc, started_at desc, interaction_id desc

),

final as (

    select

        -- ids
        {{ surrogate_key(['in_contact.channel', 'in_contact.customer_id']) }}
            as alert_id,
        in_contact.customer_id,

        -- strings
        in_contact.channel,
        customers.value_tier,

        -- numerics
        customers.churn_risk_rate::numeric as alert_value,
        1::bigint as sample_count,
        jsonb_build_array(
            jsonb_build_object(
                'kind', 'customer_id',
                'id', in_contact.customer_id,
                'value', round(customers.churn_risk_rate::numeric, 2),
                'unit', 'share'
            )
        ) as offenders,

        -- timestamps
        {{ as_of() }} as counted_at

    from in_contact
    inner join customers
        on in_contact.customer_id = customers.customer_id
    where customers.churn_risk_rate is not null

)

select * from final
