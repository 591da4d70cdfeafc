{#
    the windows after a contact, in seconds; a change touches nothing by itself, so build
    with a full refresh after it
#}
{% set windows = {'24h': 86400, '7d': 604800, '30d': 2592000} %}

{{ config(
    unique_key='interaction_id',
    indexes=[
        {'columns': ['customer_id', 'started_at']},
        {'columns': ['chain_id']},
        {'columns': ['fcr_line_date_id']},
        {'columns': ['agent_id', 'started_date']},
        {'columns': ['started_date']},
        {'columns': ['next_matures_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_interactions', 'key': 'customer_id'},
            {
                'parent': 'fct_interactions',
                'key': 'interaction_id',
                'via': {
                    'model': 'fct_contact_chains',
                    'column': 'interaction_id',
                    'key': 'customer_id',
                },
            },
        ],
        'touched_key': 'customer_id',
        'moves': ['customer_id', 'fcr_line_date_id'],
        'running': 'next_matures_at <= :as_of',
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('customer_id') }}

),

contacts as (

    -- what we began is no sign that the customer had to come back
    select * from interactions
    where
        direction = 'inbound'
        and customer_id is not null
        and started_at is not null

),

followed as (

    select
        *,
        lag(started_at) over one_after_another as previous_started_at,
        lead(interaction_id) over one_after_another as next_interaction_id,
        lead(channel) over one_after_another as next_channel,
        lead(started_at) over one_after_another as next_started_at,
        lead(interaction_id) over about_one_topic as next_about_it_id,
        lead(started_at) over about_one_topic as next_about_it_started_at
    from contacts
    window
        one_after_another as (
            partition by customer_id
            order by started_at asc, interaction_id asc
        ),
        about_one_topic as (
            partition by customer_id, topic
            order by started_at asc, interaction_id asc
        )

),

timed as (

    select
        *,
        extract(epoch from next_started_at - started_at)::bigint as seconds_to_next,
        case when topic is not null then next_about_it_id end
            as next_topic_interaction_id,
        case
            when topic is not null
                then extract(epoch from next_about_it_started_at - started_at)::bigint
        end as seconds_to_next_topic,
        {% for name, seconds in windows.items() %}
            started_at + interval '{{ seconds }} seconds' <= {{ as_of() }}
                as is_mature_{{ name }},
        {% endfor %}
        coalesce(
            started_at - previous_started_at
            > interval '{{ windows["7d"] }} seconds',
            true
        ) as is_chain_start
    from followed

),

chained as (

    select
        *,
        count(*) filter (where is_chain_start) over (
            partition by customer_id
            order by started_at asc, interaction_id asc
        ) as chain_number
    from timed

),

placed as (

    select
        *,
        first_value(interaction_id) over one_chain as chain_id,
        row_number() over one_chain as chain_position
    from chained
    window one_chain as (
        partition by customer_id, chain_number
        order by started_at asc, interaction_id asc
    )

),

repeated as (

    -- who came back before the window was over has come back, whatever is yet to come
    select
        {% for name, seconds in windows.items() %}
            case
                when seconds_to_next <= {{ seconds }} then true
                when is_mature_{{ name }} then false
            end as is_repeated_{{ name }},
            case
                when topic is null then null
                when seconds_to_next_topic <= {{ seconds }} then true
                when is_mature_{{ name }} then false
            end as is_same_topic_repeated_{{ name }},
        {% endfor %}
        *
    from placed

),

final as (

    select

        -- ids
        interaction_id,
        customer_id,
        chain_id,
        next_interaction_id,
        next_topic_interaction_id,
        agent_id,
        {{ surrogate_key([
            'started_date', 'channel', 'site_code', 'queue_name', 'topic'
        ]) }}
            as fcr_line_date_id,

        -- strings
        channel,
        site_code,
        queue_name,
        topic,
        next_channel,
        {% for name in windows %}
            case
                when not is_resolution_known then 'resolution_not_known'
                when not is_mature_{{ name }} then 'immature'
            end as fcr_{{ name }}_reason,
        {% endfor %}

        -- numerics
        chain_position::integer as chain_position,
        seconds_to_next,
        seconds_to_next_topic,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_resolution_known,
        is_resolved,
        {% for name in windows %}
            is_mature_{{ name }},
            is_repeated_{{ name }},
            case
                when is_mature_{{ name }} and is_resolution_known
                    then is_resolved and not is_repeated_{{ name }}
            end as is_fcr_{{ name }},
            is_same_topic_repeated_{{ name }},
            case
                when
                    is_mature_{{ name }}
                    and is_resolution_known
                    and topic is not null
                    then is_resolved and not is_same_topic_repeated_{{ name }}
            end as is_same_topic_fcr_{{ name }},
        {% endfor %}

        -- dates
        started_date,

        -- timestamps
        started_at,
        ended_at,
        case
            {% for name, seconds in windows.items() %}
                when not is_mature_{{ name }}
                    then started_at + interval '{{ seconds }} seconds'
            {% endfor %}
        end as next_matures_at

    from repeated

)

select * from final
