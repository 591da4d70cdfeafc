{#
    the CTEs of int_names__extracted that read names in Chinese characters, from han_cut to
    han_final; they have a file of their own for their length
#}
{% macro name_han_parts() -%}
han_cut as materialized (

    -- letters and signs around Chinese characters are decoration; 某 hides like a star
    select
        person_name,
        regexp_replace(
            translate(composed_name, '某×●○', '****'),
            '[^\u3400-\u9fff\U00020000-\U0003ffff*]+', '', 'g'
        ) as han_text,
        translate(composed_name, '•・‧', '···') ~ '[\u3400-\u9fff]·[\u3400-\u9fff]'
            as is_dotted
    from scripted
    where script = 'han'

),

han_titled as materialized (

    select
        han_cut.person_name,
        han_cut.han_text,
        han_cut.is_dotted,
        coalesce(
            case
                when
                    length(han_cut.han_text) = 2
                    or (
                        length(han_cut.han_text) = 3
                        and left(han_cut.han_text, 2) in (
                            select compound_surnames.surname from compound_surnames
                        )
                    )
                    then short_title.word
            end,
            substring(substr(han_cut.han_text, 2) from han_titles.han_title)
        ) as title,
        whole.word is not null as is_handle
    from han_cut
    cross join han_titles
    left join han_words as short_title
        on
            right(han_cut.han_text, 1) = short_title.word
            and short_title.use = 'title'
    left join han_words as whole
        on
            han_cut.han_text = whole.word
            and whole.use = 'handle'

),

han_read as materialized (

    select
        han_titled.person_name,
        han_titled.is_handle,
        han_titled.is_dotted,
        han_titled.title,
        titles.gender as gender_hint,
        length(core.core) as size,
        core.core like '%*%' as is_masked,
        compound_surnames.surname is not null as is_compound,
        first_character.surname_per_100k as first_rate,
        second_character.surname_per_100k as second_rate,
        first_character.surname_sounds || first_character.surname_spellings
            as first_sounds,
        second_character.surname_sounds || second_character.surname_spellings
            as second_sounds,
        string_to_array(compound_surnames.sounds, ' ')
        || string_to_array(compound_surnames.spellings, ' ') as compound_sounds,
        compound_surnames.per_100k as compound_rate,
        coalesce(
            first_character.simplified_character, substr(core.core, 1, 1)
        ) as first_character,
        coalesce(
            second_character.simplified_character, substr(core.core, 2, 1)
        ) as second_character,
        coalesce(
            third_character.simplified_character, substr(core.core, 3, 1)
        ) as third_character,
        coalesce(
            fourth_character.simplified_character, substr(core.core, 4, 1)
        ) as fourth_character,
        substr(core.core, 5) as other_characters,
        first_character.syllable as first_sound,
        coalesce(second_character.syllable, '') as second_sound,
        coalesce(third_character.syllable, '') as third_sound,
        coalesce(fourth_character.syllable, '') as fourth_sound,
        first_character.given_gender as first_gender,
        second_character.given_gender as second_gender,
        third_character.given_gender as third_gender,
        first_character.given_per_100k as first_given,
        second_character.given_per_100k as second_given,
        third_character.given_per_100k as third_given
    from han_titled
    cross join lateral (
        select
            left(
                han_titled.han_text,
                length(han_titled.han_text) - length(coalesce(han_titled.title, ''))
            ) as core
    ) as core
    left join han_words as titles
        on
            han_titled.title = titles.word
            and titles.use = 'title'
    left join compound_surnames
        on left(core.core, 2) = compound_surnames.surname
    left join characters as first_character
        on substr(core.core, 1, 1) = first_character.han_character
    left join characters as second_character
        on substr(core.core, 2, 1) = second_character.han_character
    left join characters as third_character
        on substr(core.core, 3, 1) = third_character.han_character
    left join characters as fourth_character
        on substr(core.core, 4, 1) = fourth_character.han_character

),

-- what the characters are: how many of them are the family name, if it is known
han_judged as materialized (

    select
        *,
        first_character || second_character || third_character || fourth_character
        || other_characters as simplified,
        case
            when is_handle or size > 20 then 'handle'
            when is_masked and first_character || second_character || third_character ~ '[^*]'
                then 'masked'
            when is_masked then 'handle'
            when size = 1 and first_rate >= 20 then 'family'
            when size = 1 and first_given is not null and title is null then 'given'
            when size = 1 and first_rate is not null then 'family'
            when is_compound and size = 2 then 'family'
            when
                size = 2 and first_character in ('小', '老', '阿')
                and second_rate >= 20
                then 'second'
            when is_compound and size in (3, 4) then 'full'
            when
                size in (2, 3)
                and (
                    first_rate >= 20
                    or (
                        first_rate is not null and second_given is not null
                        and (size = 2 or third_given is not null)
                    )
                )
                then 'full'
            when size = 4 and first_rate >= 20 and second_rate >= 20 then 'full'
            when is_dotted and size > 3 then 'dotted'
            when size = 2 and first_given is not null and second_given is not null
                then 'given'
            else 'handle'
        end as shape
    from han_read

),

han_split as (

    select
        *,
        case
            when shape = 'second' then 0
            when is_compound then 2
            when shape in ('family', 'full') then 1
            when shape = 'masked' and first_rate is not null then 1
            else 0
        end as family_size
    from han_judged

),

han_final as (

    select
        person_name,
        'han' as script,
        case
            when shape in ('full', 'dotted') then 'full'
            when shape = 'handle' then 'handle'
            else 'partial'
        end as name_kind,
        case when shape in ('full', 'dotted') then simplified end as name_key,
        case
            when shape = 'dotted' then simplified
            when shape = 'full'
                then {{ name_pair(
                    "replace(case when is_compound then compound_sounds[1] else first_sounds[1] end, 'v', 'u')",
                    "replace(case when is_compound then third_sound || fourth_sound else second_sound || third_sound || fourth_sound end, 'v', 'u')"
                ) }}
        end as owner_key,
        case
            when shape = 'second' then second_character
            when family_size > 0 then left(simplified, family_size)
        end as family_key,
        case
            when shape in ('full', 'given') then substr(simplified, family_size + 1)
        end as given_key,
        case
            when shape = 'second' then second_sounds[1]
            when family_size = 2 then compound_sounds[1]
            when family_size = 1 then first_sounds[1]
        end as family_sound,
        case
            when shape = 'second' then second_sounds
            when family_size = 2 then compound_sounds
            when family_size = 1 then first_sounds
        end as family_sounds,
        case
            when shape = 'given' then first_sound || second_sound
            when shape = 'full' and family_size = 2 then third_sound || fourth_sound
            when shape = 'full' then second_sound || third_sound || fourth_sound
        end as given_sound,
        null::text as given_initial,
        null::text as family_initial,
        case when shape = 'masked' then replace(simplified, '*', '_') end as name_mask,
        gender_hint,
        case
            when shape = 'full' and family_size = 1
                then {{ gender_of_characters(['second_gender', 'third_gender']) }}
            when shape = 'full' then nullif(third_gender, '')
            when shape = 'given'
                then {{ gender_of_characters(['first_gender', 'second_gender']) }}
        end as given_gender,
        case when shape = 'full' then array[simplified] end as name_tokens,
        null::text[] as given_forms,
        null::text[] as given_shorts,
        false as is_pinyin,
        false as is_given_known,
        false as is_family_known,
        case
            when shape = 'full' and family_size = 2
                then 1e5 / coalesce(compound_rate, 1) * 300
            when shape = 'full'
                then
                    1e5 / coalesce(first_rate, 1)
                    * 1e5 / coalesce(second_given, 50)
                    * case
                        when size = 2 then 1 else 1e5 / coalesce(third_given, 50)
                    end
        end as rareness
    from han_split

)
{%- endmacro %}
