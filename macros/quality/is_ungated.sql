{#
    Of a gate that would take long to look at everything: was a row written since it last
    passed (`note_gates` says when)? Everything was, at first and where all is built anew
#}
{% macro is_ungated(stamp) -%}
    {%- set passed = run_query(
        'select pg_snapshot_xmin(snapshot)::text, snapshot::text from ' ~ operations_schema()
        ~ ".watermarks where relation = 'gate." ~ model.name ~ "'"
    ) if execute and not flags.FULL_REFRESH -%}
    {{ since_snapshot(stamp, passed.rows[0]) if passed and passed.rows else 'true' }}
{%- endmacro %}
