{#
    One row per conversation: who wrote first and when. A human reply is public, written
    by an agent and no automatic answer; a first response comes after the customer's
    first message.
#}
{% macro conversation_clock(messages, key) -%}
    select
        {{ key }},
        (array_agg(agent_id order by sent_at asc, source_record_id asc) filter (
            where sender_type = 'agent' and is_public and not is_automatic
        ))[1] as first_agent_id,
        count(*) as message_count,
        min(first_customer_at) as first_customer_at,
        min(sent_at) filter (
            where sender_type = 'agent' and is_public and not is_automatic
        ) as first_agent_at,
        min(sent_at) filter (
            where
                sender_type = 'agent' and is_public and not is_automatic
                and sent_at >= first_customer_at
        ) as first_human_reply_at,
        min(sent_at) filter (
            where
                sender_type in ('agent', 'bot', 'system') and is_public
                and sent_at >= first_customer_at
        ) as first_reply_at,
        min(sent_at) as first_message_at,
        max(sent_at) filter (where is_public) as last_public_at
    from (
        select
            *,
            min(sent_at) filter (where sender_type = 'customer')
                over (partition by {{ key }}) as first_customer_at
        from {{ messages }}
    ) as with_start
    group by {{ key }}
{%- endmacro %}
