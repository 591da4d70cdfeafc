{#
    The latest version of each record: the last export wins, ties fall to the file name
    and the row, so that the order of loading never matters
#}
{% macro latest_version(versions, key, newest_first='exported_at desc nulls last', first_seen='exported_at') -%}
    select *
    from (
        select
            *,
            count(*) over (partition by {{ key }}) as version_count,
            min({{ first_seen }}) over (partition by {{ key }}) as first_exported_at,
            row_number() over (
                partition by {{ key }}
                order by {{ newest_first }}, source_file_name desc, source_row_number desc
            ) as recency
        from {{ versions }}
    ) as ranked
    where recency = 1
{%- endmacro %}
