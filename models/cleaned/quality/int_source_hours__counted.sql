{{ config(
    unique_key='source_hour_id',
    indexes=[
        {'columns': ['source_hour_id'], 'unique': true},
        {'columns': ['source_name', 'table_name', 'hour_number']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'stg_loads__batches', 'key': 'source_hour_id'}],
    }
) }}

with

batches as (

    select * from {{ ref('int_batches__cleaned') }}
    {{ only_touched('source_hour_id') }}

),

final as (

    select

        -- ids
        source_hour_id,

        -- strings
        source_name,
        table_name,

        -- numerics
        hour_number,
        count(*) as file_count,
        sum(row_count)::bigint as row_count,
        sum(unreadable_count)::bigint as unreadable_count,
        pg_current_xact_id() as changed_xid

    from batches
    group by source_hour_id, source_name, table_name, hour_number

)

select * from final
