{#
    Before a build: the functions that agents' screens ask, in the schema of the exports.
    They run with the rights of their maker, so that a screen may ask for one customer and
    cannot list them; nobody may call them who was not let in. PL/pgSQL keeps their plans for the session;
    planning the standardisation of a phone anew would cost more than the answer
#}
{% macro prepare_customer_context() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% set schema = relation_of('export_agent_assist__customer_context').schema %}
    {% set functions = [
        {
            'name': 'find_customers',
            'takes': 'identifier text',
            'gives': 'table (customer_id text, matched_by text)',
            'rows': ' rows 5',
            'text': find_customers_text(),
            'says': 'The customers meant by any identifier, the likeliest first: a phone '
                ~ 'in any spelling, e-mail address, openid, unionid, handle, account, '
                ~ 'card, customer id (a former one, too), order or ticket number.',
        },
        {
            'name': 'customer_context',
            'takes': 'identifier text',
            'gives': 'jsonb',
            'rows': '',
            'text': customer_context_text(schema),
            'says': 'What is known of the customer meant by any identifier: card, labels, '
                ~ 'open tickets, last 20 contacts, next best action. When nobody is '
                ~ 'meant, match_count is 0.',
        },
    ] %}
    {% set known = {} %}
    {% for row in run_query(
        "select proname, prosrc from pg_proc where pronamespace = to_regnamespace('"
        ~ schema ~ "') and prosecdef"
    ).rows %}{% do known.update({row[0]: row[1]}) %}{% endfor %}
    {% for function in functions if known.get(function['name']) != function['text'] %}
        create schema if not exists {{ schema }};
        -- the tables come later in the first build
        set check_function_bodies = off;
        drop function if exists {{ schema }}.{{ function['name'] }};
        create function {{ schema }}.{{ function['name'] }}({{ function['takes'] }})
        returns {{ function['gives'] }}
        language plpgsql stable parallel safe security definer{{ function['rows'] }}
        set search_path = pg_catalog, pg_temp
        set jit = off
        as $kept${{ function['text'] }}$kept$;
        reset check_function_bodies;
        revoke execute on function {{ schema }}.{{ function['name'] }} from public;
        comment on function {{ schema }}.{{ function['name'] }} is
            '{{ function['says'] }}';
    {% endfor %}
{% endmacro %}


{% macro find_customers_text() %}
#variable_conflict use_column
declare
    wanted text := btrim(identifier);
    spellings text[] := array[wanted, upper(wanted), lower(wanted)];
begin
    if strpos(wanted, '@') > 0 then
        spellings := spellings || {{ standardise_email('wanted') }};
    elsif wanted !~ '[[:alpha:]]' then
        -- a number without its country may be read in more than one way
        spellings := spellings || array[
            {{ standardise_any_phone('wanted') }},
            {{ standardise_any_phone('wanted', language="'en'") }},
            {{ standardise_any_phone('wanted', language="'zh'") }},
            {{ standardise_any_phone('wanted', country="'GB'") }}
        ];
    end if;
    return query
        select found.customer_id, found.matched_by
        from (
            select distinct on (named.customer_id)
                named.customer_id,
                named.identifier_type as matched_by,
                -- who is reached at a number, before others who once used it
                named.is_best_known,
                contexts.last_contact_at
            from {{ kept_relation('export_agent_assist__customer_identifiers') }} as named
            inner join {{ kept_relation('export_agent_assist__customer_context') }}
                as contexts
                on named.customer_id = contexts.customer_id
            where named.lookup_value = any(spellings)
            order by named.customer_id, named.is_best_known desc
        ) as found
        order by
            found.is_best_known desc,
            found.last_contact_at desc nulls last,
            found.customer_id
        limit 20;
    if found then
        return;
    end if;
    return query
        select orders.customer_id, 'order_id'
        from {{ kept_relation('fct_orders') }} as orders
        where orders.order_id = any(spellings) and orders.customer_id is not null
        limit 1;
    if found then
        return;
    end if;
    return query
        select tickets.customer_id, 'ticket_id'
        from {{ kept_relation('fct_tickets') }} as tickets
        where tickets.ticket_id = any(spellings) and tickets.customer_id is not null
        limit 1;
end
{% endmacro %}


{% macro customer_context_text(schema) %}
declare
    chosen text;
    how text;
    matches integer;
    others text[];
    answer jsonb;
begin
    select
        (array_agg(meant.customer_id order by meant.place))[1],
        (array_agg(meant.matched_by order by meant.place))[1],
        count(*),
        (array_agg(meant.customer_id order by meant.place))[2:]
    into chosen, how, matches, others
    from {{ schema }}.find_customers(identifier) with ordinality
        as meant (customer_id, matched_by, place);
    if chosen is null then
        return jsonb_build_object('identifier', identifier, 'match_count', 0);
    end if;
    select
        jsonb_build_object(
            'identifier', identifier,
            'matched_by', how,
            'match_count', matches,
            'other_customer_ids', to_jsonb(others),
            'customer', contexts.card,
            'labels', contexts.labels,
            'open_tickets', contexts.open_tickets,
            'next_best_action', contexts.next_best_action,
            'last_interactions', coalesce(recent.interactions, '[]')
        )
    into answer
    from {{ kept_relation('export_agent_assist__customer_context') }} as contexts
    left join lateral (
        select
            jsonb_agg(
                jsonb_build_object(
                    'interaction_id', latest.interaction_id,
                    'channel', latest.channel,
                    'direction', latest.direction,
                    'queue_name', latest.queue_name,
                    'agent_id', latest.agent_id,
                    'topic', latest.topic,
                    'started_at', latest.started_at,
                    'ended_at', latest.ended_at,
                    'is_abandoned', latest.is_abandoned,
                    'is_resolved',
                    case when latest.is_resolution_known then latest.is_resolved end,
                    'is_complaint', latest.is_complaint,
                    'csat_score', latest.csat_score
                )
                order by latest.started_at desc nulls last, latest.interaction_id desc
            ) as interactions
        from (
            select interactions.*
            from {{ kept_relation('fct_interactions') }} as interactions
            where interactions.customer_id = contexts.customer_id
            order by
                interactions.started_at desc nulls last, interactions.interaction_id desc
            limit 20
        ) as latest
    ) as recent on true
    where contexts.customer_id = chosen;
    return answer;
end
{% endmacro %}
