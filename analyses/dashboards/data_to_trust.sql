-- can these numbers be trusted today: per source, when it last sent, how much of it
-- reached the marts, and what is missing without a reason
with

freshness as (

    select * from {{ ref('fct_source_freshness') }}

),

coverage as (

    select * from {{ ref('fct_source_coverage') }}

),

final as (

    select
        freshness.source_name,
        freshness.table_name,
        freshness.freshness_state,
        freshness.freshness_reason,
        freshness.last_landed_at,
        round(freshness.age_seconds / 3600.0, 1) as age_hours,
        freshness.row_count,
        freshness.unreadable_rate,
        coverage.record_count,
        coverage.rejected_count,
        coverage.rejected_counts,
        coverage.coverage_rate,
        coverage.unexplained_count,
        coverage.shortfall_reason
    from freshness
    left join coverage
        on freshness.record_type = coverage.record_type

)

select * from final
order by
    unexplained_count desc nulls last,
    freshness_state asc,
    source_name asc,
    table_name asc
