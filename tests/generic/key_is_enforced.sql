{% test key_is_enforced(model, column_name=none, columns=none) %}
{% set key = columns or [column_name] %}

-- the database itself keeps the key unique, so no scan of history is needed to know it
select '{{ key | join(", ") }}' as columns_without_unique_index
where not exists (
    select 1
    from pg_catalog.pg_index as indexes
    inner join pg_catalog.pg_attribute as attributes
        on
            indexes.indrelid = attributes.attrelid
            and attributes.attnum = any(indexes.indkey)
    where
        indexes.indrelid = '{{ model }}'::regclass
        and indexes.indisunique
        and indexes.indisvalid
        and indexes.indpred is null
        and indexes.indnkeyatts = {{ key | length }}
        and attributes.attname in ('{{ key | join("', '") }}')
    group by indexes.indexrelid
    having count(*) = {{ key | length }}
)

{% endtest %}
