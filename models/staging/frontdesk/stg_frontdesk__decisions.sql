with

source as (

    select * from {{ source('frontdesk', 'review') }}

),

renamed as (

    select

        -- ids
        record_id,

        -- strings
        record_type,
        decision,
        decided_by,

        -- numerics
        decided_xid as landed_xid,

        -- timestamps
        decided_at,
        queued_at as loaded_at

    from source

)

select * from renamed
