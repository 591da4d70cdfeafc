{#
    After a build: the indexes of tables that it made anew are read into memory. They were
    written past it, or went as other tables came, and the next builds would fetch every
    other page of them one by one, for the new rows of a batch lie anywhere: a third of
    what the first one costs. No more than fits into half of the memory
#}
{% macro warm_new_indexes(results) %}
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
    select public.pg_prewarm(summed.indexrelid)
    from (
        select
            indexrelid,
            sum(pg_relation_size(indexrelid)) over (
                order by pg_relation_size(indexrelid), indexrelid
            ) as byte_count
        from pg_index
        where indrelid = any(array[{{ anew | join(', ') }}]::regclass[])
    ) as summed
    where byte_count < pg_size_bytes(current_setting('shared_buffers')) / 2
{% endmacro %}
