select

    -- ids
    record_id,
    cookie_id,
    user_id as account_id,
    device_id,
    openid,
    openid_app as openid_app_raw,
    unionid,
    crm_customer_id as crm_customer_id_raw,

    -- strings
    channel as channel_raw,
    lang as language_raw,
    name as name_raw,
    gender as gender_raw,
    phone as phone_raw,
    email as email_raw,
    social_platform as social_platform_raw,
    social_handle as social_handle_raw,
    loyalty_card as loyalty_card_raw,
    address as address_raw,
    city as city_raw,
    postcode as postcode_raw,
    birth_date as birth_date_raw,
    occurred_at as occurred_at_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- timestamps
    _loaded_at as loaded_at

from {{ source('people', 'records') }}
