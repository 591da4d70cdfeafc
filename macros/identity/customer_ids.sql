{#
    The relation of what was published last. Not a `ref`, as its readers come before it;
    it always exists (`prepare_identity`)
#}
{% macro last_publication() -%}
    {{ relation_of('int_records__resolved') if execute else 'published' }}
{%- endmacro %}


{# the ledger of customer ids, which the publication writes to and no rebuild touches #}
{% macro customer_events() -%}
    {{ operations_schema() }}.customer_events
{%- endmacro %}


{# the next id of a customer: a number that is never used again, and says nothing #}
{% macro next_customer_id() -%}
    'C' || lpad(nextval('{{ operations_schema() }}.customer_numbers')::text, 10, '0')
{%- endmacro %}


{#
    In the transaction that publishes: what happened to customer ids in it. A new id came
    from nothing or from the customer that gave it most of its records; an id without
    records went to the customer that has most of them now, or is retired
#}
{% macro note_customer_events() %}
    {% if not execute %}{{ return('') }}{% endif %}
    insert into {{ customer_events() }} (
        customer_id, event, other_customer_id, record_count, run_id, happened_at
    )
    with flows as (
        select
            customer_id,
            former_customer_id,
            count(*) as record_count
        from {{ this }}
        -- the second is for the index
        where since_run = '{{ invocation_id }}' and changed_xid = pg_current_xact_id()
        group by customer_id, former_customer_id
    ),
    issued as (
        select
            customer_id,
            sum(record_count) as record_count,
            (array_agg(former_customer_id order by record_count desc, former_customer_id)
                filter (where former_customer_id is not null))[1] as other_customer_id
        from flows
        where not exists (
            select 1 from {{ customer_events() }} as events
            where events.customer_id = flows.customer_id
        )
        group by customer_id
    ),
    left_behind as (
        select
            former_customer_id as customer_id,
            customer_id as other_customer_id,
            record_count
        from flows
        where former_customer_id is not null
        union all
        select
            key_value as customer_id,
            null as other_customer_id,
            0 as record_count
        from {{ operations_schema() }}.moved_keys
        where relation = '{{ this.schema }}.{{ this.name }}' and key_column = 'customer_id'
            and changed_xid = pg_current_xact_id()
    ),
    gone as (
        select
            left_behind.customer_id,
            sum(left_behind.record_count) as record_count,
            (array_agg(
                left_behind.other_customer_id
                order by left_behind.record_count desc, left_behind.other_customer_id
            ) filter (where left_behind.other_customer_id is not null))[1]
                as other_customer_id
        from left_behind
        where not exists (
            select 1 from {{ this }} as standing
            where standing.customer_id = left_behind.customer_id
        )
        group by left_behind.customer_id
    )
    select
        customer_id,
        case when other_customer_id is null then 'created' else 'split_from' end,
        other_customer_id, record_count, '{{ invocation_id }}', {{ as_of() }}
    from issued
    union all
    select
        customer_id,
        case when other_customer_id is null then 'retired' else 'merged_into' end,
        other_customer_id, record_count, '{{ invocation_id }}', {{ as_of() }}
    from gone;
{% endmacro %}
