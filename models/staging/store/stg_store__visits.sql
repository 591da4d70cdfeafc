select

    -- ids
    visit_id,
    clerk_id as agent_id,

    -- strings
    store_code,
    visitor_name as visitor_name_raw,
    phone as phone_raw,
    loyalty_card as loyalty_card_raw,
    reason as reason_raw,
    outcome as outcome_raw,
    coalesce(phone, loyalty_card) as visitor_key_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- booleans
    complaint_form as has_complaint_form,

    -- timestamps
    arrived_at,
    served_at,
    left_at,
    exported_at,
    _loaded_at as loaded_at

from {{ source('store', 'visits') }}
