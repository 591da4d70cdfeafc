{{ config(
    unique_key='han_character',
    indexes=[{'columns': ['han_character'], 'unique': true}],
    meta={
        'touched_by': [
            {
                'parent': 'seed_han_syllables',
                'key': "characters || coalesce(traditional_characters, '')",
                'each': 'string_to_table(fresh_key, null)',
            },
            {'parent': 'seed_han_surnames', 'key': 'surname'},
            {
                'parent': 'seed_han_given_characters',
                'key': 'characters',
                'each': 'string_to_table(fresh_key, null)',
            },
        ],
    }
) }}

with

syllables as (

    select * from {{ ref('seed_han_syllables') }}

),

surnames as (

    select * from {{ ref('seed_han_surnames') }}

),

given_characters as (

    select * from {{ ref('seed_han_given_characters') }}

),

spelled as (

    select
        syllables.syllable,
        characters.han_character,
        characters.han_character as simplified_character
    from syllables
    cross join
        string_to_table(syllables.characters, null) as characters (han_character)
    union all
    select
        syllables.syllable,
        pairs.han_character,
        pairs.simplified_character
    from syllables
    cross join
        unnest(
            string_to_array(syllables.traditional_characters, null),
            string_to_array(syllables.simplified_characters, null)
        ) as pairs (han_character, simplified_character)

),

given as (

    select
        characters.han_character,
        given_characters.gender,
        given_characters.per_100k
    from given_characters
    cross join
        string_to_table(given_characters.characters, null) as characters (han_character)

),

final as (

    select

        -- ids
        spelled.han_character,

        -- strings
        spelled.simplified_character,
        spelled.syllable,
        given.gender as given_gender,
        string_to_array(surnames.sounds, ' ') as surname_sounds,
        string_to_array(surnames.spellings, ' ') as surname_spellings,

        -- numerics
        given.per_100k as given_per_100k,
        surnames.per_100k as surname_per_100k,
        pg_current_xact_id() as changed_xid

    from spelled
    left join surnames
        on spelled.simplified_character = surnames.surname
    left join given
        on spelled.simplified_character = given.han_character
    {{ only_touched('spelled.han_character') }}

)

select * from final
