{{ config(
    unique_key='visit_id',
    indexes=[
        {'columns': ['visit_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_store__visits',
        'visit_id',
        'store.visits',
        same='visitor_key_raw',
        near='arrived_at'
    )
) }}

with

versions as (

    select * from {{ ref('stg_store__visits') }}
    {{ only_touched('visit_id') }}

),

latest as (

    {{ latest_version('versions', 'visit_id') }}

),

marked as (

    select
        latest.*,
        {{ standardise_phone(
            'latest.phone_raw', phone_region('latest.store_code'), validated=false
        ) }} as phone,
        lag(latest.visit_id) over same_visit as previous_visit_id,
        lag(latest.arrived_at) over same_visit as previous_arrived_at
    from latest
    window same_visit as (
        partition by latest.visitor_key_raw, latest.store_code
        order by latest.arrived_at asc, latest.visit_id asc
    )

),

ruled as (

    select
        visit_id,
        row_id,
        version_count,
        first_exported_at,
        case
            when arrived_at - previous_arrived_at
                <= interval '{{ var("duplicate_window_seconds") }} seconds'
                then previous_visit_id
        end as duplicate_of_id,
        case
            when {{ is_test_identifier('phone', 'phone') }}
                or {{ is_test_identifier('loyalty_card', 'loyalty_card_raw') }}
                then 'test_traffic'
            when left_at < arrived_at then 'ends_before_start'
            when visitor_key_raw is not null
                and arrived_at - previous_arrived_at
                <= interval '{{ var("duplicate_window_seconds") }} seconds'
                then 'duplicate'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case
                    when
                        {{ is_late_arrival('coalesce(left_at, arrived_at)') }}
                        then 'late_arrival'
                end,
                case when {{ is_garbled('reason_raw') }} then 'text_garbled' end
            ),
            ''
        ) as flags
    from marked

),

final as (

    {{ verdict('ruled', 'visit_id', 'store.visits') }}

)

select * from final
