select

    -- ids
    agent_id,

    -- strings
    name as agent_name,
    email as email_raw,
    team as team_name,
    team_kind as team_kind_raw,
    site as site_code,
    time_zone as time_zone_name,
    skills as skills_raw,
    _source_name as source_file_name,

    -- numerics
    _row_id as row_id,
    _source_row as source_row_number,
    _landed_xid as landed_xid,

    -- dates
    hired_on as hired_date,
    left_on as left_date,

    -- timestamps
    exported_at,
    _loaded_at as loaded_at

from {{ source('workforce', 'agents') }}
