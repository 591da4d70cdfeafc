{{ config(
    unique_key='customer_id',
    indexes=[
        {'columns': ['customer_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_records__resolved', 'key': 'customer_id'},
            {
                'parent': 'int_records__unioned',
                'key': 'record_id',
                'via': {
                    'model': 'int_records__resolved',
                    'column': 'record_id',
                    'key': 'customer_id',
                },
            },
            {'parent': 'int_customer_aliases', 'key': 'current_customer_id'},
            {
                'parent': 'int_identifiers__counted',
                'key': 'identifier_id',
                'where': "identifier_type in ('phone', 'email')",
                'stamp': 'owned_xid',
                'each': 'unnest(array(
                    select members.customer_id
                    from [int_atom_identifiers__extracted] as carried
                    inner join [int_profiles__clustered] as profiles
                        on profiles.atom_id = carried.atom_id
                    inner join [int_records__extracted] as records
                        on records.profile_id = profiles.profile_id
                    inner join [int_records__resolved] as members
                        on members.record_id = records.record_id
                    where carried.identifier_id = fresh_key::uuid
                ))',
            },
        ],
    }
) }}

with

members as (

    select * from {{ ref('int_records__resolved') }}
    {{ only_touched('customer_id') }}

),

records as (

    select * from {{ ref('int_records__unioned') }}

),

aliases as (

    select * from {{ ref('int_customer_aliases') }}
    {{ only_touched('current_customer_id') }}

),

identifiers as (

    select * from {{ ref('int_identifiers__counted') }}

),

names as (

    select * from {{ ref('int_names__extracted') }}

),

rules as (

    select * from {{ ref('seed_survivorship_rules') }}

),

said as materialized (

    select
        members.customer_id,
        members.record_id,
        members.source_name,
        records.channel,
        records.seen_at,
        records.person_name,
        records.gender,
        records.birth_date,
        records.phone,
        records.email,
        records.address,
        records.city,
        records.postcode,
        records.language,
        records.country_code
    from members
    {{ looked_up('records', 'members.record_id = records.record_id') }}

),

counted as (

    select
        customer_id,
        count(*) as record_count,
        array_agg(distinct source_name) as source_names,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at
    from said
    group by customer_id

),

offered as (

    select
        said.customer_id,
        said.record_id,
        said.source_name,
        said.channel,
        said.seen_at,
        offers.attribute,
        offers.attribute_value
    from said
    cross join
        lateral (
            values
            ('person_name', said.person_name),
            ('gender', said.gender),
            ('birth_date', said.birth_date::text),
            ('phone', said.phone),
            ('email', said.email),
            ('address', said.address),
            ('city', said.city),
            ('postcode', said.postcode),
            ('language', said.language),
            ('country_code', said.country_code)
        ) as offers (attribute, attribute_value)
    where offers.attribute_value is not null

),

weighed as (

    -- one row per value that a customer's records give, with the best that says so
    select
        offered.customer_id,
        offered.attribute,
        offered.attribute_value,
        min(coalesce(by_channel.source_rank, by_any.source_rank)) as source_rank,
        count(*) as times_seen,
        max(offered.seen_at) as last_seen_at,
        (array_agg(
            offered.record_id
            order by
                coalesce(by_channel.source_rank, by_any.source_rank) asc,
                offered.seen_at desc,
                offered.record_id asc
        ))[1] as record_id
    from offered
    left join rules as by_channel
        on
            offered.attribute = by_channel.attribute
            and offered.channel = by_channel.channel
    left join rules as by_any
        on
            offered.attribute = by_any.attribute
            and by_any.channel = 'any'
    group by offered.customer_id, offered.attribute, offered.attribute_value

),

eligible as (

    -- a name that says who it is goes before one that does not, and a number or address
    -- that several people own is nobody's contact point
    select
        weighed.*,
        coalesce(names.name_kind = 'full', false) as is_full_name
    from weighed
    {{ looked_up(
        'names',
        "weighed.attribute = 'person_name' and weighed.attribute_value = names.person_name",
        kind='left'
    ) }}
    {{ looked_up(
        'identifiers',
        "weighed.attribute in ('phone', 'email') and "
        ~ identifier_id('weighed.attribute', 'weighed.attribute_value')
        ~ " = identifiers.identifier_id",
        kind='left'
    ) }}
    where
        identifiers.identifier_id is null
        or (
            identifiers.unusable_reason is null
            and identifiers.contest_count = 0
        )

),

best as materialized (

    select distinct on (customer_id, attribute)
        customer_id,
        attribute,
        attribute_value,
        record_id,
        last_seen_at,
        times_seen
    from eligible
    order by
        customer_id asc,
        attribute asc,
        is_full_name desc,
        source_rank asc,
        times_seen desc,
        last_seen_at desc,
        attribute_value asc

),

golden as (

    select
        customer_id,
        max(attribute_value) filter (where attribute = 'person_name') as person_name,
        max(attribute_value) filter (where attribute = 'gender') as gender,
        max(attribute_value) filter (where attribute = 'birth_date') as birth_date,
        max(attribute_value) filter (where attribute = 'phone') as phone,
        max(attribute_value) filter (where attribute = 'email') as email,
        max(attribute_value) filter (where attribute = 'address') as address,
        max(attribute_value) filter (where attribute = 'city') as city,
        max(attribute_value) filter (where attribute = 'postcode') as postcode,
        max(attribute_value) filter (where attribute = 'language') as language,
        max(attribute_value) filter (where attribute = 'country_code') as country_code,
        jsonb_object_agg(
            attribute,
            jsonb_build_object(
                'record_id', record_id,
                'times_seen', times_seen,
                'last_seen_at', last_seen_at
            )
        ) as lineage
    from best
    group by customer_id

),

former as (

    select
        current_customer_id as customer_id,
        array_agg(customer_id order by customer_id) as former_customer_ids
    from aliases
    where customer_id <> current_customer_id
    group by current_customer_id

),

final as (

    select

        -- ids
        counted.customer_id,
        former.former_customer_ids,

        -- strings
        golden.person_name,
        golden.gender,
        golden.phone,
        golden.email,
        golden.address,
        golden.city,
        golden.postcode,
        golden.language,
        golden.country_code,
        counted.source_names,
        golden.lineage,

        -- numerics
        counted.record_count,
        pg_current_xact_id() as changed_xid,

        -- dates
        golden.birth_date::date as birth_date,

        -- timestamps
        counted.first_seen_at,
        counted.last_seen_at

    from counted
    left join golden
        on counted.customer_id = golden.customer_id
    left join former
        on counted.customer_id = former.customer_id

)

select * from final
