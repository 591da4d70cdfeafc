{{ config(
    unique_key='person_name',
    indexes=[
        {'columns': ['person_name'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_profiles__extracted',
                'key': 'person_name',
                'where': '
                    not exists (
                        select 1 from :this as known
                        where known.person_name = parent.person_name
                    )',
            },
            {
                'parent': 'int_profiles__extracted',
                'key': 'email_name',
                'where': '
                    not exists (
                        select 1 from :this as known
                        where known.person_name = parent.email_name
                    )',
            },
        ],
    }
) }}

with

profiles as (

    select * from {{ ref('int_profiles__extracted') }}
    {{ only_touched('person_name') }}

),

addressed as (

    select * from {{ ref('int_profiles__extracted') }}
    {{ only_touched('email_name') }}

),

characters as (

    select * from {{ ref('int_han_characters__extracted') }}

),

latin_words as (

    select * from {{ ref('int_latin_words__extracted') }}

),

syllables as (

    select * from {{ ref('seed_han_syllables') }}

),

surnames as (

    select * from {{ ref('seed_han_surnames') }}

),

name_words as (

    select * from {{ ref('seed_name_words') }}

),

han_words as materialized (

    select
        listed.word,
        name_words.use,
        nullif(name_words.gender, '') as gender
    from name_words
    cross join string_to_table(name_words.words, ' ') as listed (word)
    where name_words.script = 'han'

),

compound_surnames as (

    select * from surnames
    where length(surname) = 2

),

-- the server matches as much as it can, whatever the order of alternatives
han_titles as materialized (

    select '(?:' || string_agg(word, '|') || ')$' as han_title
    from han_words
    where use = 'title' and length(word) > 1

),

surname_sounds as (

    select distinct replace(listed.sound, 'v', 'u') as sound
    from surnames
    cross join string_to_table(surnames.sounds, ' ') as listed (sound)

),

pinyin_syllables as (

    select distinct replace(syllable, 'v', 'u') as syllable
    from syllables

),

-- within a word, a syllable that begins with a vowel bears an apostrophe
inner_syllables as (

    select syllable from pinyin_syllables
    where syllable !~ '^[aeo]'

),

named as (

    select person_name from profiles
    where person_name is not null
    union
    select email_name as person_name from addressed
    where email_name is not null

),

composed as (

    select
        person_name,
        octet_length(person_name) = length(person_name) as is_plain,
        case
            when octet_length(person_name) > length(person_name)
                then normalize(person_name, nfkc)
        end as composed_name
    from named

),

folded as materialized (

    select
        person_name,
        composed_name,
        lower(
            case
                when is_plain then person_name
                else {{ without_accents('person_name') }}
            end
        ) as folded_name
    from composed

),

scripted as materialized (

    select
        person_name,
        folded_name,
        composed_name,
        case
            when composed_name is null then 'latin'
            -- kana, Korean letters and all alphabets but Latin
            when
                folded_name ~ (
                    '[\u0370-\u1dbf\u1f00-\u1fff\u2c00-\u2dff\u3040-\u30ff\u3130-\u318f'
                    || '\ua4d0-\uabff\uac00-\ud7ff]'
                )
                then 'other'
            when composed_name ~ '[\u3400-\u9fff\U00020000-\U0003ffff]' then 'han'
            else 'latin'
        end as script
    from folded

),

{{ name_han_parts() }},

{{ name_latin_parts() }},

other_words as (

    select
        scripted.person_name,
        scripted.composed_name,
        regexp_split_to_table(
            lower(scripted.composed_name),
            '[\s!-/:-@\[-`{-~\u00A0-\u00BF\u2000-\u206F\u3000-\u303F]+'
        ) as word
    from scripted
    where scripted.script = 'other'

),

other_spoken as (

    select
        person_name,
        array_agg(word order by word collate "C") as name_tokens,
        string_agg(word, ' ' order by word collate "C") as name_key,
        case
            when length(composed_name) > 100 then 'handle'
            -- Korean names are written in one word
            when count(*) between 2 and 5 or composed_name ~ '^[\uac00-\ud7a3]{3,4}$'
                then 'full'
            else 'handle'
        end as name_kind
    from other_words
    where word <> ''
    group by person_name, composed_name

),

united as (

    select * from han_final
    union all
    select * from latin_final
    union all
    select
        person_name,
        'other' as script,
        name_kind,
        case when name_kind = 'full' then name_key end as name_key,
        case when name_kind = 'full' then name_key end as owner_key,
        null as family_key,
        null as given_key,
        null as family_sound,
        null as family_sounds,
        null as given_sound,
        null as given_initial,
        null as family_initial,
        null as name_mask,
        null as gender_hint,
        null as given_gender,
        case when name_kind = 'full' then name_tokens end as name_tokens,
        null as given_forms,
        null as given_shorts,
        false as is_pinyin,
        false as is_given_known,
        false as is_family_known,
        case when name_kind = 'full' then 1e5 end as rareness
    from other_spoken

),

final as (

    select

        -- ids
        person_name,

        -- strings
        script,
        name_kind,
        case when name_kind = 'full' then name_key end as name_key,
        case when name_kind = 'full' then owner_key end as owner_key,
        case when name_kind <> 'handle' then family_key end as family_key,
        case when name_kind <> 'handle' then given_key end as given_key,
        family_sound,
        given_sound,
        given_initial,
        family_initial,
        name_mask,
        gender_hint,
        given_gender,
        family_sounds,
        name_tokens,
        given_forms,
        given_shorts,

        -- numerics
        case
            when name_kind = 'full'
                then least(11, greatest(5, ln(coalesce(rareness, 2048)) / ln(2)))::real
        end as name_bits,
        pg_current_xact_id() as changed_xid,

        -- booleans
        is_pinyin,
        is_given_known,
        is_family_known

    from united

)

select * from final
