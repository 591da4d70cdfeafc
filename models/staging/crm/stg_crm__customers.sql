select

    -- ids
    crm_customer_id,
    unionid,

    -- strings
    country as country_code,
    name as name_raw,
    gender as gender_raw,
    phone as phone_raw,
    email as email_raw,
    address as address_raw,
    city as city_raw,
    postcode as postcode_raw,
    loyalty_card as loyalty_card_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- dates
    birth_date,

    -- timestamps
    registered_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('crm', 'customers') }}
