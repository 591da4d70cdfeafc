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
        {% for part in channel_part_names() %}
        sum({{ part }})::bigint as {{ part }}{{ ',' if not loop.last }}
        {% endfor %}
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
    {% for part in channel_part_names() %}
    {% if part in ('abandoned_count', 'short_abandoned_count') %}
    coalesce(from_contacts.{{ part }}, 0) != coalesce(from_hours.{{ part }}, 0)
    {% else %}
    from_contacts.{{ part }} is distinct from from_hours.{{ part }}
    {% endif %}
    {{ 'or' if not loop.last }}
    {% endfor %}
