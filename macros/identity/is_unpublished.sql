{#
    Of a gate that stands before the publication: was a row written since the last one?
    Everything was, where nothing is published yet or all was built anew
#}
{% macro is_unpublished(stamp) -%}
    {%- set published = relation_of('int_records__resolved') if execute -%}
    {%- set read = run_query(
        'select pg_snapshot_xmin(snapshot)::text, snapshot::text from ' ~ operations_schema()
        ~ ".watermarks where snapshot is not null and relation = '" ~ published.schema ~ '.'
        ~ published.identifier ~ "'"
    ) if execute -%}
    {{ since_snapshot(stamp, read.rows[0]) if read and read.rows else 'true' }}
{%- endmacro %}
