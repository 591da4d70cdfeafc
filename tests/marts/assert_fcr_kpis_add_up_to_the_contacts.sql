{{ config(meta={'dagster': {'ref': {'name': 'kpi_fcr_daily'}}}) }}

-- two marts that state the same number agree exactly, channel by channel
with

from_contacts as (

    select
        channel,
        count(*) as contact_count,
        count(*) filter (where is_resolved) as resolved_count,
        count(*) filter (where is_fcr_24h) as fcr_24h_count,
        count(*) filter (where is_fcr_7d) as fcr_7d_count,
        count(*) filter (where is_fcr_30d) as fcr_30d_count,
        count(*) filter (where not is_fcr_7d) as not_fcr_7d_count,
        count(*) filter (where not is_mature_7d) as immature_7d_count,
        count(*) filter (where is_mature_7d and seconds_to_next <= 604800)
            as repeated_7d_count
    from {{ ref('fct_contact_chains') }}
    group by channel

),

from_days as (

    select
        channel,
        sum(contact_count) as contact_count,
        sum(resolved_count) as resolved_count,
        sum(fcr_24h_count) as fcr_24h_count,
        sum(fcr_7d_count) as fcr_7d_count,
        sum(fcr_30d_count) as fcr_30d_count,
        sum(fcr_known_7d_count - fcr_7d_count) as not_fcr_7d_count,
        sum(immature_7d_count) as immature_7d_count,
        sum(repeated_7d_count) as repeated_7d_count
    from {{ ref('kpi_fcr_daily') }}
    group by channel

)

select
    from_contacts.channel,
    from_contacts.contact_count,
    from_days.contact_count as daily_contact_count,
    from_contacts.fcr_7d_count,
    from_days.fcr_7d_count as daily_fcr_7d_count
from from_contacts
full join from_days
    on from_contacts.channel = from_days.channel
where
    (
        from_contacts.contact_count,
        from_contacts.resolved_count,
        from_contacts.fcr_24h_count,
        from_contacts.fcr_7d_count,
        from_contacts.fcr_30d_count,
        from_contacts.not_fcr_7d_count,
        from_contacts.immature_7d_count,
        from_contacts.repeated_7d_count
    ) is distinct from (
        from_days.contact_count,
        from_days.resolved_count,
        from_days.fcr_24h_count,
        from_days.fcr_7d_count,
        from_days.fcr_30d_count,
        from_days.not_fcr_7d_count,
        from_days.immature_7d_count,
        from_days.repeated_7d_count
    )
