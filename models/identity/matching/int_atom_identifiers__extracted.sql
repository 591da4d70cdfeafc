{{ config(
    unique_key=['identifier_id', 'atom_id'],
    indexes=[
        {'columns': ['identifier_id', 'atom_id'], 'unique': true},
        {'columns': ['atom_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'int_atoms__unioned', 'key': 'atom_id'}],
        'touched_key': 'atom_id',
        'touched_type': 'uuid',
    }
) }}

with

atoms as (

    select * from {{ ref('int_atoms__unioned') }}
    {{ only_touched('atom_id') }}

),

names as (

    select * from {{ ref('int_names__extracted') }}

),

-- imported anew: read twice, an import would be written down whole
bare_names as (

    select * from {{ ref('int_names__extracted') }}

),

named as (

    -- what a full name is worth as half of a key: its coarse form and the sound of its
    -- parts
    select
        atoms.atom_id,
        names.owner_key,
        names.family_sound,
        names.given_sound
    from atoms
    cross join unnest(atoms.full_names) as given_names (person_name)
    {{ looked_up('names', 'given_names.person_name = names.person_name') }}

),

bare as (

    -- who has nothing but a name, a birth date and an address is also found by parts of
    -- them, of which each may be wrong
    select
        atoms.atom_id,
        bare_names.name_tokens,
        bare_names.owner_key,
        atoms.place_words,
        atoms.address_keys[1] as address_key,
        {{ city_key('atoms') }} as city,
        {{ postal_code('atoms') }} as postcode,
        {{ house_number('atoms.address_keys[1]') }} as house_number,
        atoms.birth_dates
    from atoms
    {{ looked_up(
        'bare_names',
        'atoms.person_names[1] = bare_names.person_name',
        kind='left'
    ) }}
    where atoms.is_bare

),

keyed as (

    select
        atoms.atom_id,
        identifiers.identifier_type,
        identifiers.identifier_value
    from atoms
    cross join
        lateral (
            select
                'phone' as identifier_type,
                phone as identifier_value
            from unnest(atoms.phones) as phone
            union all
            select
                'email' as identifier_type,
                email as identifier_value
            from unnest(atoms.emails) as email
            union all
            select
                'cookie_id' as identifier_type,
                cookie_id as identifier_value
            from unnest(atoms.cookie_ids) as cookie_id
            union all
            select
                'device_id' as identifier_type,
                device_id as identifier_value
            from unnest(atoms.device_ids) as device_id
            union all
            select
                'loyalty_card' as identifier_type,
                loyalty_card as identifier_value
            from unnest(atoms.loyalty_cards) as loyalty_card
        ) as identifiers
    union
    -- pairs without a shared identifier are found by two halves that agree
    select
        named.atom_id,
        halves.identifier_type,
        halves.identifier_value
    from named
    inner join atoms
        on named.atom_id = atoms.atom_id
    cross join
        lateral (
            select
                'name_birth' as identifier_type,
                named.owner_key || '|' || birth_date as identifier_value
            from unnest(atoms.birth_dates) as birth_date
            union all
            select
                'family_birth' as identifier_type,
                named.family_sound || '|' || birth_date as identifier_value
            from unnest(atoms.birth_dates) as birth_date
            union all
            select
                'given_birth' as identifier_type,
                named.given_sound || '|' || birth_date as identifier_value
            from unnest(atoms.birth_dates) as birth_date
            union all
            select
                'name_address' as identifier_type,
                named.owner_key || '|' || address_key as identifier_value
            from unnest(atoms.address_keys) as address_key
            union all
            select
                'family_address' as identifier_type,
                named.family_sound || '|' || address_key as identifier_value
            from unnest(atoms.address_keys) as address_key
            union all
            select
                'name_postcode' as identifier_type,
                named.owner_key || '|' || postcode as identifier_value
            from unnest(atoms.postcodes) as postcode
            union all
            select
                'name_phone_head' as identifier_type,
                named.owner_key || '|' || left(phone, length(phone) / 2 + 1)
                    as identifier_value
            from unnest(atoms.phones) as phone
            union all
            select
                'name_phone_tail' as identifier_type,
                named.owner_key || '|' || right(phone, length(phone) / 2 - 1)
                    as identifier_value
            from unnest(atoms.phones) as phone
            union all
            select
                'name_email' as identifier_type,
                named.owner_key || '|' || left(email, 4) as identifier_value
            from unnest(atoms.emails) as email
            where atoms.phones is null
        ) as halves
    where halves.identifier_value is not null
    union
    select
        atoms.atom_id,
        'birth_address' as identifier_type,
        birth_date || '|' || address_key as identifier_value
    from atoms
    cross join unnest(atoms.birth_dates) as birth_date
    cross join unnest(atoms.address_keys) as address_key
    union
    select
        bare.atom_id,
        parts.identifier_type,
        parts.identifier_value
    from bare
    cross join
        lateral (
            select
                'birth' as identifier_type,
                birth_date::text as identifier_value
            from unnest(bare.birth_dates) as birth_date
            union all
            select
                'name' as identifier_type,
                bare.owner_key as identifier_value
            union all
            select
                'word_place' as identifier_type,
                name_word || '|' || place_word as identifier_value
            from unnest(bare.name_tokens) as name_word
            cross join unnest(bare.place_words) as place_word
            union all
            select
                'word_postcode' as identifier_type,
                left(any_word, 4) || '|' || bare.postcode as identifier_value
            from unnest(bare.name_tokens || bare.place_words) as any_word
            union all
            select
                'place_place' as identifier_type,
                one_word || '|' || other_word as identifier_value
            from unnest(bare.place_words) as one_word
            inner join unnest(bare.place_words) as other_word
                on one_word < other_word
            union all
            select
                'number_postcode' as identifier_type,
                bare.house_number || '|' || bare.postcode as identifier_value
            union all
            -- these find nobody: how many say the same is counted
            select
                'bare_name' as identifier_type,
                bare.owner_key as identifier_value
            union all
            select
                'bare_birth' as identifier_type,
                birth_date::text as identifier_value
            from unnest(bare.birth_dates) as birth_date
            union all
            select
                'bare_street' as identifier_type,
                nullif({{ street_letters('bare.address_key') }}, '')
                    as identifier_value
            union all
            select
                'bare_number' as identifier_type,
                bare.house_number as identifier_value
            union all
            select
                'bare_city' as identifier_type,
                bare.city as identifier_value
            union all
            select
                'bare_postcode' as identifier_type,
                bare.postcode as identifier_value
        ) as parts
    where parts.identifier_value is not null

),

final as (

    select

        -- ids
        keyed.atom_id,
        {{ identifier_id('keyed.identifier_type', 'keyed.identifier_value') }}
            as identifier_id,

        -- strings
        keyed.identifier_type,
        keyed.identifier_value,
        -- by what it is known whose it is: the best that is said
        coalesce(atoms.full_names, atoms.person_names, atoms.email_names)
            as owner_names,

        -- numerics
        atoms.record_class,
        pg_current_xact_id() as changed_xid,

        -- booleans
        atoms.account_ids is not null as has_login

    from keyed
    inner join atoms
        on keyed.atom_id = atoms.atom_id
    -- the holders of a value are read together
    order by identifier_id, keyed.atom_id

)

select * from final
