{{ config(materialized='table') }}

with

source_hours as (

    select * from {{ ref('int_source_hours__counted') }}

),

rhythms as (

    select * from {{ ref('seed_source_tables') }}

),

batches as (

    select * from {{ ref('int_batches__cleaned') }}

),

landed as (

    select
        source_name,
        table_name,
        max(loaded_at) as last_landed_at
    from batches
    group by source_name, table_name

),

counted as (

    select
        source_name,
        table_name,
        sum(row_count)::bigint as row_count,
        sum(unreadable_count)::bigint as unreadable_count,
        sum(file_count)::bigint as file_count
    from source_hours
    group by source_name, table_name

),

measured as (

    select
        rhythms.record_type,
        rhythms.late_after_hours,
        rhythms.stale_after_hours,
        landed.last_landed_at,
        coalesce(counted.row_count, 0) as row_count,
        coalesce(counted.unreadable_count, 0) as unreadable_count,
        coalesce(counted.file_count, 0) as file_count,
        -- what landed while this run was under way is not older than the run
        greatest({{ seconds_between('landed.last_landed_at', as_of()) }}, 0)
            as age_seconds
    from rhythms
    left join landed
        on
            rhythms.record_type = landed.source_name || '.' || landed.table_name
    left join counted
        on
            rhythms.record_type = counted.source_name || '.' || counted.table_name

),

final as (

    select

        -- strings
        record_type,
        split_part(record_type, '.', 1) as source_name,
        split_part(record_type, '.', 2) as table_name,
        case
            when last_landed_at is null then null
            when stale_after_hours is null then null
            when age_seconds > stale_after_hours * 3600 then 'stale'
            when age_seconds > late_after_hours * 3600 then 'late'
            else 'fresh'
        end as freshness_state,
        case
            when last_landed_at is null then 'nothing_has_landed'
            when stale_after_hours is null then 'no_rhythm_expected'
        end as freshness_reason,

        -- numerics
        late_after_hours,
        stale_after_hours,
        case when last_landed_at is not null then age_seconds end::bigint
            as age_seconds,
        file_count,
        row_count,
        unreadable_count,
        (
            unreadable_count / nullif((row_count + unreadable_count)::numeric, 0)
        )::numeric(5, 4) as unreadable_rate,

        -- timestamps
        last_landed_at

    from measured

)

select * from final
