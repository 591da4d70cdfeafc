{{ config(
    unique_key='atom_id',
    indexes=[
        {'columns': ['atom_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_profiles__clustered', 'key': 'atom_id'},
            {
                'parent': 'int_profiles__extracted',
                'key': 'profile_id',
                'via': {
                    'model': 'int_profiles__clustered',
                    'column': 'profile_id',
                    'key': 'atom_id',
                    'type': 'uuid',
                },
            },
        ],
        'touched_type': 'uuid',
    }
) }}

with

members as (

    select * from {{ ref('int_profiles__clustered') }}
    {{ only_touched('atom_id') }}

),

profiles as (

    select * from {{ ref('int_profiles__extracted') }}

),

names as (

    select * from {{ ref('int_names__extracted') }}

),

-- imported anew: read twice, an import would be written down whole
email_names as (

    select * from {{ ref('int_names__extracted') }}

),

ordered as (

    select
        members.atom_id,
        profiles.*,
        case when names.name_kind <> 'handle' then profiles.person_name end
            as real_name,
        case when names.name_kind = 'full' then profiles.person_name end as full_name,
        case when email_names.name_kind = 'full' then profiles.email_name end
            as mail_name,
        coalesce(profiles.gender, names.gender_hint) as known_gender,
        {{ address_key('profiles.address') }} as address_key,
        case
            when profiles.is_bare
                then {{ address_words('profiles.address', 'profiles.city') }}
        end as place_words
    from members
    inner join profiles
        on members.profile_id = profiles.profile_id
    left join names
        on profiles.person_name = names.person_name
    left join email_names
        on profiles.email_name = email_names.person_name
    -- arrays in one order, so that what did not change is the same
    order by members.atom_id asc, members.profile_id asc

),

final as (

    select

        -- ids
        atom_id,
        (array_agg(first_record_id order by first_seen_at asc, first_record_id asc))[1]
            as first_record_id,

        -- strings
        array_agg(distinct real_name) filter (where real_name is not null)
            as person_names,
        array_agg(distinct full_name) filter (where full_name is not null)
            as full_names,
        array_agg(distinct mail_name) filter (where mail_name is not null)
            as email_names,
        array_agg(distinct known_gender) filter (where known_gender is not null)
            as genders,
        array_agg(distinct phone) filter (where phone is not null) as phones,
        array_agg(distinct email) filter (where email is not null) as emails,
        array_agg(distinct cookie_id) filter (where cookie_id is not null)
            as cookie_ids,
        array_agg(distinct device_id) filter (where device_id is not null)
            as device_ids,
        array_agg(distinct loyalty_card) filter (where loyalty_card is not null)
            as loyalty_cards,
        array_agg(distinct account_id) filter (where account_id is not null)
            as account_ids,
        array_agg(distinct unionid) filter (where unionid is not null) as unionids,
        array_agg(distinct openid_app || '/' || openid)
        filter (where openid is not null) as openids,
        array_agg(distinct address_key) filter (where address_key is not null)
            as address_keys,
        array_agg(distinct city) filter (where city is not null) as cities,
        array_agg(distinct postcode) filter (where postcode is not null) as postcodes,
        -- a bare profile has no account, so it is an atom of its own
        min(place_words) as place_words,

        -- numerics
        max(record_class) as record_class,
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(
            bool_or(
                coalesce(crm_customer_id, account_id, unionid, openid, social_handle)
                is not null
            ),
            false
        ) as has_account,
        bool_and(is_bare) as is_bare,

        -- dates
        array_agg(distinct birth_date) filter (where birth_date is not null)
            as birth_dates,

        -- timestamps
        min(first_seen_at) as first_seen_at

    from ordered
    group by atom_id

)

select * from final
