{{ config(meta={'dagster': {'ref': {'name': 'kpi_channel_hourly'}}}) }}

-- two marts that state the same number agree exactly, channel by channel
with

from_contacts as (

    select
        channel,
        {{ channel_parts() }}
    from {{ ref('fct_interactions') }}
    where started_at is not null
    group by channel

),

from_hours as (

    select
        channel,
        {{ channel_part_sums() }}
    from {{ ref('kpi_channel_hourly') }}
    group by channel

)

select
    from_contacts.channel,
    from_contacts.contact_count,
    from_hours.contact_count as hourly_contact_count
from from_contacts
full join from_hours
    on from_contacts.channel = from_hours.channel
where
    {{ channel_parts_differ('from_contacts', 'from_hours') }}
    or from_contacts.channel is null
    or from_hours.channel is null
