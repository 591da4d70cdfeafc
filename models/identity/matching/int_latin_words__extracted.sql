{{ config(
    materialized='table',
    unlogged=false,
    indexes=[{'columns': ['latin_word'], 'unique': true}],
) }}

with

latin_names as (

    select * from {{ ref('seed_latin_names') }}

),

nicknames as (

    select * from {{ ref('seed_latin_nicknames') }}

),

surnames as (

    select * from {{ ref('seed_han_surnames') }}

),

name_words as (

    select * from {{ ref('seed_name_words') }}

),

given as (

    select
        listed.latin_word,
        min(latin_names.gender) as gender,
        max(latin_names.per_100k) as per_100k
    from latin_names
    cross join string_to_table(latin_names.names, ' ') as listed (latin_word)
    where latin_names.part = 'given'
    group by listed.latin_word

),

family as (

    select
        listed.latin_word,
        max(latin_names.per_100k) as per_100k
    from latin_names
    cross join string_to_table(latin_names.names, ' ') as listed (latin_word)
    where latin_names.part = 'family'
    group by listed.latin_word

),

sounds as (

    select
        replace(listed.sound, 'v', 'u') as latin_word,
        sum(surnames.per_100k) as per_100k
    from surnames
    cross join string_to_table(surnames.sounds, ' ') as listed (sound)
    group by replace(listed.sound, 'v', 'u')

),

pairs as (

    select
        listed.latin_word,
        nicknames.given_name,
        true as is_nickname
    from nicknames
    cross join string_to_table(nicknames.nicknames, ' ') as listed (latin_word)
    union all
    select
        listed.latin_word,
        nicknames.given_name,
        false as is_nickname
    from nicknames
    cross join string_to_table(nicknames.variants, ' ') as listed (latin_word)
    union all
    select
        nicknames.given_name as latin_word,
        listed.latin_word as given_name,
        false as is_nickname
    from nicknames
    cross join string_to_table(nicknames.variants, ' ') as listed (latin_word)
    union all
    select
        nicknames.given_name as latin_word,
        nicknames.given_name,
        false as is_nickname
    from nicknames

),

-- a nickname stands for the most common of its full names, a spelling for the usual one
shortened as (

    select
        pairs.latin_word,
        (
            array_agg(
                pairs.given_name
                order by
                    pairs.is_nickname desc,
                    coalesce(given.per_100k, 0) desc,
                    pairs.given_name asc
            )
        )[1] as formal_name,
        array_agg(distinct pairs.given_name) as given_forms,
        min(given.gender) as least_gender,
        max(given.gender) as greatest_gender
    from pairs
    left join given
        on pairs.given_name = given.latin_word
    group by pairs.latin_word

),

lengthened as (

    select
        pairs.given_name as latin_word,
        array_agg(distinct pairs.latin_word) as short_forms
    from pairs
    where pairs.latin_word <> pairs.given_name
    group by pairs.given_name

),

uses as (

    select
        listed.latin_word,
        bool_or(name_words.use = 'handle') as is_handle,
        bool_or(name_words.use in ('title', 'suffix')) as is_title,
        max(name_words.gender) filter (where name_words.use = 'title') as title_gender
    from name_words
    cross join string_to_table(name_words.words, ' ') as listed (latin_word)
    where name_words.script = 'latin'
    group by listed.latin_word

),

known as (

    select latin_word from given
    union
    select latin_word from family
    union
    select latin_word from sounds
    union
    select latin_word from shortened
    union
    select latin_word from uses

),

final as (

    select

        -- ids
        known.latin_word,

        -- strings
        coalesce(
            nullif(given.gender, ''),
            case
                when
                    given.latin_word is null
                    and shortened.least_gender = shortened.greatest_gender
                    then nullif(shortened.least_gender, '')
            end
        ) as given_gender,
        nullif(uses.title_gender, '') as title_gender,
        coalesce(shortened.formal_name, known.latin_word) as formal_name,
        case
            when known.latin_word = any(shortened.given_forms)
                then shortened.given_forms
            else array_append(shortened.given_forms, known.latin_word)
        end as given_forms,
        lengthened.short_forms,

        -- numerics
        -- a nickname is no rare name
        greatest(
            given.per_100k, case when shortened.latin_word is not null then 30 end
        ) as given_per_100k,
        family.per_100k as family_per_100k,
        sounds.per_100k as surname_sound_per_100k,

        -- booleans
        coalesce(uses.is_handle, false) as is_handle,
        coalesce(uses.is_title, false) as is_title

    from known
    left join given
        on known.latin_word = given.latin_word
    left join family
        on known.latin_word = family.latin_word
    left join sounds
        on known.latin_word = sounds.latin_word
    left join shortened
        on known.latin_word = shortened.latin_word
    left join lengthened
        on known.latin_word = lengthened.latin_word
    left join uses
        on known.latin_word = uses.latin_word

)

select * from final
