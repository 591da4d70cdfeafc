{{ config(
    unique_key='household_group',
    indexes=[
        {'columns': ['household_group'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'int_bare_pairs__compared', 'key': 'household_group'}],
        'touched_type': 'smallint',
        'quiet': ['place_count', 'household_count'],
    }
) }}

with

pairs as (

    select * from {{ ref('int_bare_pairs__compared') }}
    {{ only_touched('household_group') }}

),

limits as (

    select * from {{ ref('seed_identity_limits') }}

),

grouped as (

    select
        household_group,
        count(*) filter (where address_level in ('equal', 'near')) as place_count,
        count(*) filter (
            where address_level in ('equal', 'near') and 'household' = any(details)
        ) as household_count
    from pairs
    where household_group is not null
    group by household_group

),

final as (

    select

        -- ids
        grouped.household_group,

        -- numerics
        grouped.place_count,
        grouped.household_count,
        pg_current_xact_id() as changed_xid,

        -- booleans
        -- two more than were seen: a few places prove nothing
        grouped.household_count + 2 > limits.limit_value * grouped.place_count
            as has_households

    from grouped
    inner join limits
        on limits.limit_name = 'household_share'

)

select * from final
