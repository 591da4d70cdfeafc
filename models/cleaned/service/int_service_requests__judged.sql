{{ config(
    unique_key='request_id',
    indexes=[
        {'columns': ['request_id'], 'unique': true},
        {'columns': ['request_key']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_requests311__requests', 'key': 'request_key'},
            {
                'parent': 'stg_frontdesk__decisions',
                'key': "split_part(record_id, '-', 1)",
                'where': "record_type = 'requests311.requests' and landed_xid is not null",
            },
        ],
        'touched_key': 'request_key',
    }
) }}

with

requests as (

    select * from {{ ref('stg_requests311__requests') }}
    {{ only_touched('request_key') }}

),

versions as (

    -- requests that look the same in one file are told apart by their order in it
    select
        *,
        request_key || '-' || row_number() over (
            partition by request_key, source_file_name
            order by last_modified_at asc, source_row_number asc
        ) as request_id
    from requests

),

latest as (

    {{ latest_version(
        'versions',
        'request_id',
        newest_first='last_modified_at desc nulls last',
        first_seen='last_modified_at'
    ) }}

),

ruled as (

    select
        request_id,
        request_key,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when
                closed_date < (opened_at at time zone 'America/Vancouver')::date
                then 'ends_before_start'
        end as rule_reason,
        null::text as flags
    from latest

),

final as (

    {{ verdict('ruled', 'request_id', 'requests311.requests', group='request_key') }}

)

select * from final
