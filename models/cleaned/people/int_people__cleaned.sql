{{ config(
    unique_key='record_id',
    indexes=[
        {'columns': ['record_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_people__judged', 'key': 'record_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_people__judged') }}
    {{ only_touched('record_id') }}

),

people as (

    select * from {{ ref('stg_people__records') }}

),

placed as (

    select
        people.*,
        verdicts.flags,
        verdicts.first_exported_at,
        {{ language_of('people.language_raw') }} as language,
        {{ country_of('people.language_raw') }} as country_code
    from verdicts
    inner join people
        on verdicts.row_id = people.row_id
    where verdicts.rejection_reason is null

),

final as (

    select

        -- ids
        record_id,
        nullif(btrim(cookie_id), '') as cookie_id,
        nullif(btrim(account_id), '') as account_id,
        nullif(btrim(device_id), '') as device_id,
        nullif(btrim(openid), '') as openid,
        nullif(btrim(openid_app_raw), '') as openid_app,
        nullif(btrim(unionid), '') as unionid,
        {{ standardise_line('crm_customer_id_raw') }} as crm_customer_id,

        -- strings
        nullif(lower(btrim(channel_raw)), '') as channel,
        language,
        country_code,
        {{ standardise_line('name_raw') }} as person_name,
        case
            when lower(btrim(gender_raw)) in ('m', 'male', 'man', '男', '男性') then 'male'
            when lower(btrim(gender_raw)) in ('f', 'female', 'woman', '女', '女性')
                then 'female'
        end as gender,
        {{ standardise_any_phone('phone_raw', 'country_code', 'language') }} as phone,
        nullif(btrim(phone_raw), '') as phone_raw,
        {{ standardise_email("translate(email_raw, '。', '.')") }} as email,
        nullif(btrim(email_raw), '') as email_raw,
        nullif(lower(btrim(social_platform_raw)), '') as social_platform,
        {{ standardise_handle('social_handle_raw') }} as social_handle,
        upper({{ standardise_line('loyalty_card_raw') }}) as loyalty_card,
        {{ standardise_line('address_raw') }} as address,
        {{ standardise_line('city_raw') }} as city,
        {{ standardise_line('postcode_raw') }} as postcode,
        flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- dates
        {{ standardise_birth_date(
            'birth_date_raw', "(loaded_at at time zone 'UTC')::date"
        ) }}
            as birth_date,

        -- timestamps
        {{ readable_moment('occurred_at_raw') }} as seen_at,
        first_exported_at

    from placed

)

select * from final
