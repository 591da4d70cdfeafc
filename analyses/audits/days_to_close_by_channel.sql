-- how many local days a request stays open, where the source gives only a closing day
with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

final as (

    select
        source_name,
        channel,
        count(*) as contact_count,
        count(*) filter (where is_resolved) as resolved_count,
        percentile_cont(0.5) within group (order by resolution_days)
            as median_resolution_days,
        round(count(*) filter (where resolution_days <= 1) / count(*)::numeric, 4)
            as resolved_within_a_day_rate
    from interactions
    where source_name in ('requests311')
    group by source_name, channel

)

select * from final
order by contact_count desc
