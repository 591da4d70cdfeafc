{{ config(meta={'dagster': {'ref': {'name': 'int_interactions__unioned'}}}) }}

-- the union of the channels loses and repeats no contact
with

expected as (

    {% for source_name, model_name in [
        ('phone', 'int_calls__cleaned'),
        ('chat', 'int_chat_sessions__cleaned'),
        ('email', 'int_email_threads__cleaned'),
        ('app', 'int_app_conversations__cleaned'),
        ('wechat', 'int_wechat_interactions__cleaned'),
        ('social', 'int_social_interactions__cleaned'),
        ('store', 'int_store_visits__cleaned'),
        ('bot', 'int_bot_sessions__cleaned'),
        ('chat_transcripts', 'int_transcripts__cleaned'),
        ('requests311', 'int_service_requests__cleaned'),
        ('servicenow', 'int_incidents__cleaned'),
    ] %}
        select
            '{{ source_name }}' as source_name,
            count(*) as contact_count
        from {{ ref(model_name) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

found as (

    select
        source_name,
        count(*) as contact_count
    from {{ ref('int_interactions__unioned') }}
    group by source_name

)

select
    expected.source_name,
    expected.contact_count as expected_count,
    coalesce(found.contact_count, 0) as found_count
from expected
left join found
    on expected.source_name = found.source_name
where expected.contact_count != coalesce(found.contact_count, 0)
