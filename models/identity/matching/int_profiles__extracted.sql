{{ config(
    unique_key='profile_id',
    indexes=[
        {'columns': ['profile_id'], 'unique': true},
        {'columns': ['person_name']},
        {'columns': ['email_name']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_records__extracted', 'key': 'profile_id'},
        ],
        'touched_type': 'uuid',
        'moves': ['person_name', 'email_name'],
        'quiet': ['record_count'],
    }
) }}

with

records as (

    select * from {{ ref('int_records__extracted') }}
    {{ only_touched('profile_id') }}

),

described as (

    select * from {{ ref('int_records__unioned') }}

),

blocks as (

    select * from {{ ref('seed_identifier_blocks') }}

),

given_words as materialized (

    select latin_word from {{ ref('int_latin_words__extracted') }}
    where given_per_100k is not null

),

family_words as materialized (

    select latin_word from {{ ref('int_latin_words__extracted') }}
    where family_per_100k is not null

),

counted as (

    -- all records of a profile say the same, so any of them describes it: the earliest,
    -- as who comes later seldom takes its place
    select distinct on (profile_id)
        profile_id,
        record_id as first_record_id,
        seen_at as first_seen_at,
        count(*) over (partition by profile_id) as record_count
    from records
    order by profile_id asc, seen_at asc, record_id asc

),

final as (

    select

        -- ids
        counted.profile_id,
        counted.first_record_id,
        described.crm_customer_id,
        described.account_id,
        described.unionid,
        described.openid,
        described.openid_app,
        described.cookie_id,
        described.device_id,

        -- strings
        described.person_name,
        {{ email_name('described.email', 'given_words', 'family_words') }}
            as email_name,
        described.gender,
        described.phone,
        described.email,
        described.social_platform,
        described.social_handle,
        described.loyalty_card,
        described.address,
        described.city,
        described.postcode,

        -- numerics
        counted.record_count,
        -- one, several, suspiciously many: all that matching asks
        case
            when counted.record_count > 1000 then 2
            when counted.record_count > 1 then 1
            else 0
        end::smallint as record_class,
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(
            described.phone,
            described.email,
            described.cookie_id,
            described.device_id,
            described.loyalty_card,
            described.crm_customer_id,
            described.account_id,
            described.unionid,
            described.openid,
            described.social_handle
        ) is null as is_bare,

        -- dates
        -- a date that forms fill in by themselves is nobody's birthday
        case
            when
                not exists (
                    select 1
                    from blocks
                    where
                        blocks.identifier_type = 'birth_date'
                        and described.birth_date::text ~ blocks.pattern
                )
                then described.birth_date
        end as birth_date,

        -- timestamps
        counted.first_seen_at

    from counted
    inner join described
        on counted.first_record_id = described.record_id
    -- what lies together is read together
    order by counted.profile_id

)

select * from final
