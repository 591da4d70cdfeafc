-- where our figures of a ticket and the source's own differ, and why
with

reconciliations as (

    select * from {{ ref('fct_ticket_reconciliations') }}

),

final as (

    select
        source_name,
        figure,
        difference_reason,
        count(*) as ticket_count,
        sum(difference_count) as difference_sum
    from reconciliations
    group by source_name, figure, difference_reason

)

select * from final
order by source_name asc, figure asc, ticket_count desc
