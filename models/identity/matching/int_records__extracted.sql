{{ config(
    unique_key='record_id',
    indexes=[
        {'columns': ['record_id'], 'unique': true},
        {'columns': ['profile_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_records__unioned', 'key': 'record_id'},
            {'parent': 'int_identity_decisions__cleaned', 'key': 'record_id_a'},
            {'parent': 'int_identity_decisions__cleaned', 'key': 'record_id_b'},
        ],
        'moves': ['profile_id'],
    }
) }}

with

records as (

    select * from {{ ref('int_records__unioned') }}
    {{ only_touched('record_id') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__cleaned') }}

),

decided as (

    -- a record that a person decided about stands alone, so that the decision is about
    -- it and not about all records that look the same
    select decisions.record_id_a as record_id
    from decisions
    where decisions.is_standing
    union
    select decisions.record_id_b as record_id
    from decisions
    where decisions.is_standing

),

final as (

    select

        -- ids
        records.record_id,
        -- begins with what it is found by: what hangs together lies together in every
        -- index of this room
        (
            left(
                md5(
                    coalesce(
                        records.phone,
                        records.email,
                        records.account_id,
                        records.unionid,
                        records.openid,
                        records.loyalty_card,
                        records.cookie_id,
                        records.device_id,
                        records.person_name,
                        ''
                    )
                ),
                12
            )
            || right(
                md5(
                    row(
                        records.phone,
                        records.email,
                        records.cookie_id,
                        records.device_id,
                        records.loyalty_card,
                        records.crm_customer_id,
                        records.account_id,
                        records.openid_app,
                        records.openid,
                        records.unionid,
                        records.social_platform,
                        records.social_handle,
                        records.person_name,
                        records.gender,
                        records.birth_date,
                        records.address,
                        records.city,
                        records.postcode,
                        decided.record_id
                    )::text
                ),
                20
            )
        )::uuid as profile_id,

        -- strings
        records.source_name,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        records.seen_at

    from records
    left join decided
        on records.record_id = decided.record_id

)

select * from final
