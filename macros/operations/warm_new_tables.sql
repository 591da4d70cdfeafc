{#
    After a build: the tables that it made anew are read into memory, their indexes first.
    They were written past it, or went as other tables came, and the next builds would fetch
    every other page one by one, for the new rows of a batch lie anywhere: a third of what
    the first one costs. No more than fits into three quarters of the memory
#}
{% macro warm_new_tables(results) %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% set anew = [] %}
    {% for result in results if result.node.resource_type == 'model' %}
        {# the statement that filled the table; a batch is merged into it #}
        {% if (result.adapter_response or {}).get('code') in ('SELECT', 'INSERT') %}
            {% do anew.append("'" ~ result.node.schema ~ '.' ~ result.node.alias ~ "'") %}
        {% endif %}
    {% endfor %}
    {% set prewarm = 'public.pg_prewarm(regclass, text, text, bigint, bigint)' %}
    {% if not anew or not run_query(
        "select to_regprocedure('" ~ prewarm ~ "') is not null"
    ).rows[0][0] %}
        {{ return('') }}
    {% endif %}
    select public.pg_prewarm(relation)
    from (
        select
            relation,
            sum(pg_relation_size(relation)) over (
                order by is_table, pg_relation_size(relation), relation
            ) as byte_count
        from (
            select
                indexrelid::regclass as relation,
                false as is_table
            from pg_index
            where indrelid = any(array[{{ anew | join(', ') }}]::regclass[])
            union all
            select
                made.relation,
                true as is_table
            from unnest(array[{{ anew | join(', ') }}]::regclass[]) as made (relation)
        ) as relations
    ) as summed
    where byte_count < pg_size_bytes(current_setting('shared_buffers')) * 0.75
    -- what matters most comes last, and stays
    order by byte_count desc
{% endmacro %}
