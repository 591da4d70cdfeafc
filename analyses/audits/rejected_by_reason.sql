-- what cleaning leaves out, per record type and reason, with an example to look at
with

rejected as (

    select * from {{ ref('int_records__rejected') }}

),

final as (

    select
        record_type,
        rejection_reason,
        count(*) as record_count,
        min(record_id) as example_record_id
    from rejected
    group by record_type, rejection_reason

)

select * from final
order by record_count desc
