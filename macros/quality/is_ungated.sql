{#
    Of a gate before a publication, which would take long to look at everything: was a row
    written since the gate last passed (`note_gates` says when), or since the publication?
    A publication may come without the gate, and the gate may pass without a publication,
    as when another one stops it. Everything was, at first and where all is built anew
#}
{% macro is_ungated(stamp, guarded='int_records__resolved') -%}
    {%- set published = relation_of(guarded) if execute -%}
    {%- set known = run_query(
        'select pg_snapshot_xmin(snapshot)::text, snapshot::text from ' ~ operations_schema()
        ~ ".watermarks where snapshot is not null and relation in ('gate." ~ model.name
        ~ "', '" ~ published.schema ~ '.' ~ published.identifier ~ "')"
        ~ ' order by pg_snapshot_xmax(snapshot)'
    ) if execute and not flags.FULL_REFRESH -%}
    {# the older of the two: builds never run side by side, so it saw less #}
    {{ since_snapshot(stamp, known.rows[0]) if known and known.rows | length == 2 else 'true' }}
{%- endmacro %}
