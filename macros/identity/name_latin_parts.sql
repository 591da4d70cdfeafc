{#
    the CTEs of int_names__extracted that read names in Latin letters, from latin_cut to
    latin_final; they have a file of their own for their length
#}
{% macro name_latin_parts() -%}
latin_cut as materialized (

    -- "smith, john" is turned, o'brien and o brien are one
    select
        person_name,
        folded_name ~ '[0-9@_]' as has_digits,
        folded_name like '%*%' as is_masked,
        btrim(
            regexp_replace(
                regexp_replace(
                    case
                        when folded_name like '%,%'
                            then regexp_replace(
                                regexp_replace(
                                    folded_name,
                                    ',\s*(jr|sr|ii|iii|iv|phd|md|esq)\.?\s*$', ''
                                ),
                                '^([^,]+),(.+)$', '\2 \1'
                            )
                        else folded_name
                    end,
                    -- o'brien, smith-jones
                    '''+|(?<=[a-z])-(?=[a-z])', '', 'g'
                ),
                '[^a-z*]+', ' ', 'g'
            )
        ) as typed
    from scripted
    where script = 'latin'

),

latin_spoken as materialized (

    -- pinyin's ü is typed as v
    select
        person_name,
        has_digits,
        is_masked,
        case
            when typed ~ '(^| )[ln]v' then regexp_replace(typed, '(^| )([ln])v', '\1\2u', 'g')
            else typed
        end as spoken
    from latin_cut

),

latin_titled as materialized (

    select
        latin_spoken.person_name,
        latin_spoken.has_digits,
        latin_spoken.is_masked,
        front.title_gender as front_gender,
        back.title_gender as back_gender,
        coalesce(front.is_title, false) as has_title,
        string_to_array(
            case
                when
                    rest.spoken like '% % %'
                    or (front.is_title and rest.spoken like '% %')
                    then regexp_replace(
                        regexp_replace(
                            rest.spoken,
                            '(^| )(van|von|de|di) (der|den|la|los|las|dos) (?=.)', '\1\2\3', 'g'
                        ),
                        '((?:^| )(?:van|von|vander|vanden|vonder|delos|delas|dela|de|del|di|da|st)'
                        || '| (?:della|du|le|la|el|al|ter|saint|mc|mac|o|d)) (?=.)',
                        '\1', 'g'
                    )
                else rest.spoken
            end,
            ' '
        ) as tokens
    from latin_spoken
    left join latin_words as front
        on
            split_part(latin_spoken.spoken, ' ', 1) = front.latin_word
            and front.is_title
    left join latin_words as back
        on
            latin_spoken.spoken like '% %'
            and split_part(latin_spoken.spoken, ' ', -1) = back.latin_word
            and back.is_title
    cross join lateral (
        select
            case
                when front.is_title is null and back.is_title is null
                    then latin_spoken.spoken
                else btrim(
                    substr(
                        latin_spoken.spoken,
                        length(coalesce(front.latin_word, '')) + 1,
                        greatest(
                            length(latin_spoken.spoken)
                            - length(coalesce(front.latin_word, ''))
                            - length(coalesce(back.latin_word, '')),
                            0
                        )
                    )
                )
            end as spoken
    ) as rest

),

-- "zhengdanfei": the longest family name that leaves one or two syllables
latin_joined as materialized (

    select distinct on (latin_titled.person_name)
        latin_titled.person_name,
        surname_sounds.sound as family_sound,
        substr(latin_titled.tokens[1], sizes.size + 1) as given_sound
    from latin_titled
    cross join generate_series(2, 9) as sizes (size)
    inner join surname_sounds
        on left(latin_titled.tokens[1], sizes.size) = surname_sounds.sound
    where
        cardinality(latin_titled.tokens) = 1
        and length(latin_titled.tokens[1]) between sizes.size + 2 and sizes.size + 12
        and {{ is_pinyin_word(
            'substr(latin_titled.tokens[1], sizes.size + 1)', 'inner_syllables'
        ) }}
    order by latin_titled.person_name asc, sizes.size desc

),

latin_read as materialized (

    select
        latin_titled.person_name,
        latin_titled.has_digits,
        latin_titled.has_title,
        latin_titled.is_masked,
        length(array_to_string(latin_titled.tokens, ' ')) > 100 as is_long,
        latin_titled.tokens,
        coalesce(latin_titled.front_gender, latin_titled.back_gender) as gender_hint,
        cardinality(latin_titled.tokens) as size,
        rtrim(latin_titled.tokens[1], '*') as first_word,
        rtrim(latin_titled.tokens[cardinality(latin_titled.tokens)], '*') as last_word,
        latin_titled.tokens[1] like '%*' or length(latin_titled.tokens[1]) = 1
            as is_first_short,
        latin_titled.tokens[cardinality(latin_titled.tokens)] like '%*'
        or length(latin_titled.tokens[cardinality(latin_titled.tokens)]) = 1
            as is_last_short,
        first_fact.given_per_100k as first_given,
        first_fact.family_per_100k as first_family,
        first_fact.surname_sound_per_100k as first_sound,
        first_fact.given_gender as first_gender,
        first_fact.given_forms as first_forms,
        first_fact.formal_name as first_formal,
        first_fact.short_forms as first_shorts,
        coalesce(first_fact.is_handle, false) as is_first_handle,
        last_fact.given_per_100k as last_given,
        last_fact.family_per_100k as last_family,
        last_fact.surname_sound_per_100k as last_sound,
        last_fact.given_gender as last_gender,
        last_fact.given_forms as last_forms,
        last_fact.formal_name as last_formal,
        last_fact.short_forms as last_shorts,
        coalesce(last_fact.is_handle, false) as is_last_handle,
        latin_joined.family_sound as joined_family,
        latin_joined.given_sound as joined_given,
        case
            when cardinality(latin_titled.tokens) not in (2, 3) then false
            when first_fact.surname_sound_per_100k is null
                then
                    last_fact.surname_sound_per_100k is not null
                    and (
                        cardinality(latin_titled.tokens) = 3
                        or first_fact.given_per_100k is null
                    )
                    and {{ is_pinyin_word('latin_titled.tokens[1]') }}
            when last_fact.surname_sound_per_100k is null
                then
                    (
                        cardinality(latin_titled.tokens) = 3
                        or last_fact.given_per_100k is null
                    )
                    and {{ is_pinyin_word('latin_titled.tokens[cardinality(latin_titled.tokens)]') }}
            else true
        end
        and (
            cardinality(latin_titled.tokens) < 3
            or {{ is_pinyin_word('latin_titled.tokens[2]') }}
        ) as is_pinyin
    from latin_titled
    left join latin_joined
        on latin_titled.person_name = latin_joined.person_name
    left join latin_words as first_fact
        on latin_titled.tokens[1] = first_fact.latin_word
    left join latin_words as last_fact
        on
            latin_titled.tokens[cardinality(latin_titled.tokens)] = last_fact.latin_word

),

latin_judged as materialized (

    select
        *,
        case
            when size = 1 and is_first_handle then 'handle'
            -- beside a name, such a word may be one too
            when
                (is_first_handle or is_last_handle)
                and coalesce(first_given, first_sound, last_sound) is null
                then 'handle'
            when is_first_handle and is_last_handle then 'handle'
            when size > 5 or coalesce(size, 0) = 0 or is_long then 'handle'
            when size = 1 and (is_first_short or has_digits) then 'handle'
            when size = 1 and has_title then 'family'
            when
                size = 1 and joined_family is not null
                and first_given is null and first_family is null
                and joined_family <> joined_given
                and not (joined_family = 'xiao' and length(joined_given) < 6)
                then 'pinyin'
            when
                size = 1
                and coalesce(first_given, 0) >= coalesce(first_family, 1)
                then 'given'
            when size = 1 and coalesce(first_family, first_sound) is not null
                then 'family'
            when size = 1 then 'handle'
            when is_first_short and is_last_short then 'handle'
            when is_first_short then 'first initial'
            when is_last_short then 'last initial'
            else 'full'
        end as shape
    from latin_read

),

latin_ordered as (

    select
        *,
        case
            when shape not in ('full', 'last initial') then false
            when shape = 'last initial'
                then coalesce(first_family, 0) > coalesce(first_given, 1)
            when is_pinyin and size = 3 then first_sound is not null
            when is_pinyin then coalesce(first_sound, 0) > coalesce(last_sound, 0)
            -- a word of neither list is rather a rare family name than a rare given one
            when coalesce(first_family, first_sound) is null
                then
                    first_given is null
                    and last_given is not null
                    and coalesce(last_family, last_sound) is null
            else
                (coalesce(first_family, 0) + coalesce(first_sound, 0) / 20.0 + 0.3)
                * (coalesce(last_given, 0) + 0.3)
                > 2
                * (coalesce(last_family, 0) + coalesce(last_sound, 0) / 20.0 + 0.3)
                * (coalesce(first_given, 0) + 0.3)
        end as is_family_first
    from latin_judged

),

latin_split as materialized (

    select
        *,
        case
            when shape = 'pinyin' then joined_family
            when shape = 'given' then null
            when shape = 'family' then first_word
            when shape = 'first initial' then last_word
            when shape = 'last initial' and is_family_first then first_word
            when shape = 'full' and is_family_first then first_word
            when shape = 'full' then last_word
        end as family_key,
        case
            when shape = 'pinyin' then joined_given
            when shape = 'given' then first_word
            when shape = 'last initial' and not is_family_first then first_word
            when shape = 'full' and is_pinyin and is_family_first
                then array_to_string(tokens[2:], '')
            when shape = 'full' and is_pinyin then array_to_string(tokens[:size - 1], '')
            when shape = 'full' and is_family_first then tokens[2]
            when shape = 'full' then first_word
        end as given_key,
        case
            when shape = 'given' or not is_family_first then first_forms
            when size = 2 then last_forms
        end as given_forms,
        case
            when shape = 'given' or not is_family_first then first_shorts
            when size = 2 then last_shorts
        end as given_shorts,
        case
            when shape = 'given' or not is_family_first then first_formal
            when size = 2 then last_formal
        end as formal_name,
        case
            when shape = 'given' or not is_family_first then first_gender
            when size = 2 then last_gender
        end as given_gender,
        case
            when shape = 'given' or not is_family_first then first_given
            when size = 2 then last_given
        end as given_rate,
        case
            when is_family_first then coalesce(first_family, first_sound)
            else coalesce(last_family, last_sound)
        end as family_rate
    from latin_ordered

),

latin_final as (

    select
        person_name,
        'latin' as script,
        case
            when shape in ('full', 'pinyin') and not is_masked then 'full'
            when shape = 'handle' then 'handle'
            else 'partial'
        end as name_kind,
        case
            when shape = 'pinyin' or (shape = 'full' and (is_pinyin or size = 2))
                then {{ name_pair('family_key', 'given_key') }}
            when shape = 'full'
                then (
                    select string_agg(token, ' ' order by token)
                    from unnest(tokens) as words (token)
                )
        end as name_key,
        case
            when shape = 'pinyin' or (shape = 'full' and is_pinyin)
                then {{ name_pair('family_key', 'given_key') }}
            when shape = 'full'
                then {{ name_pair('family_key', 'coalesce(formal_name, given_key)') }}
        end as owner_key,
        family_key,
        given_key,
        case
            when shape = 'pinyin' or is_pinyin then family_key
            else dmetaphone(family_key)
        end as family_sound,
        case when family_key is not null then array[family_key] end as family_sounds,
        case
            when shape = 'pinyin' or is_pinyin then given_key
            else dmetaphone(given_key)
        end as given_sound,
        case
            when shape = 'first initial' then first_word
            when shape = 'last initial' and is_family_first then last_word
        end as given_initial,
        case
            when shape = 'last initial' and not is_family_first then last_word
        end as family_initial,
        null::text as name_mask,
        gender_hint,
        case when shape in ('full', 'given') then given_gender end as given_gender,
        case when shape <> 'handle' then tokens end as name_tokens,
        case
            when shape in ('full', 'given', 'last initial')
                then coalesce(given_forms, array[given_key])
        end as given_forms,
        case when shape = 'full' then given_shorts end as given_shorts,
        shape = 'pinyin' or (shape = 'full' and is_pinyin) as is_pinyin,
        -- a rare one may as well be a slip in a common one
        coalesce(given_rate >= 30, false) as is_given_known,
        family_rate is not null as is_family_known,
        case
            when shape = 'pinyin' or (shape = 'full' and is_pinyin)
                then
                    1e5 / coalesce(first_sound, last_sound, 500)
                    * case when length(given_key) > 6 then 3000 else 100 end
            when shape = 'full'
                then 1e5 / coalesce(family_rate, 5) * 1e5 / coalesce(given_rate, 5)
        end as rareness
    from latin_split

)
{%- endmacro %}
