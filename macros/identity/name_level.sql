{#
    how alike two names are, for two rows of int_names__extracted: equal, near, fits,
    unfit, different, or null where one of them says nothing. What decides most pairs at
    the least cost stands first
#}
{% macro name_level(left, right) -%}
    case
        when {{ left }}.name_kind is null or {{ right }}.name_kind is null then null
        when {{ left }}.name_kind = 'handle' or {{ right }}.name_kind = 'handle' then null
        when {{ left }}.name_key = {{ right }}.name_key then 'equal'
        when
            'other' in ({{ left }}.script, {{ right }}.script)
            and {{ left }}.script <> {{ right }}.script
            then null
        -- a western first name alone says nothing about a Chinese name
        when {{ is_adopted_name(left, right) }} or {{ is_adopted_name(right, left) }}
            then null
        when {{ left }}.name_kind = 'partial' or {{ right }}.name_kind = 'partial'
            then
                case
                    when {{ name_contradicts(left, right) }} then 'unfit'
                    else 'fits'
                end
        when {{ left }}.owner_key = {{ right }}.owner_key
            then
                case
                    when {{ middle_contradicts(left, right) }} then 'different'
                    else 'near'
                end
        when {{ left }}.script = 'han' and {{ right }}.script = 'han'
            then
                case
                    when
                        {{ left }}.given_sound = {{ right }}.given_sound
                        and {{ left }}.family_sounds && {{ right }}.family_sounds
                        then 'near'
                    -- the same characters in another order
                    when
                        {{ left }}.family_key = {{ right }}.family_key
                        and {{ left }}.given_key = reverse({{ right }}.given_key)
                        then 'near'
                    -- two characters may be a given name alone
                    when
                        {{ is_bare_given_name(left, right) }}
                        or {{ is_bare_given_name(right, left) }}
                        then 'fits'
                    else 'different'
                end
        when {{ left }}.script <> {{ right }}.script
            then
                case
                    when
                        {{ left }}.name_key = {{ right }}.owner_key
                        or {{ left }}.owner_key = {{ right }}.name_key
                        then 'near'
                    -- two characters may be a given name alone
                    when
                        {{ is_bare_sound(left, right) }} or {{ is_bare_sound(right, left) }}
                        then 'fits'
                    -- one has a western given name, or another way to spell
                    when {{ left }}.family_sounds && {{ right }}.family_sounds
                        and not ({{ left }}.is_pinyin or {{ right }}.is_pinyin)
                        then 'fits'
                    else 'different'
                end
        when {{ left }}.script = 'other'
            then
                case
                    when
                        {{ left }}.name_tokens <@ {{ right }}.name_tokens
                        or {{ left }}.name_tokens @> {{ right }}.name_tokens
                        or {{ is_name_slip(left ~ '.name_key', right ~ '.name_key') }}
                        then 'near'
                    else 'different'
                end
        -- both are Latin from here on
        when {{ left }}.is_pinyin and {{ right }}.is_pinyin then 'different'
        when cardinality({{ left }}.name_tokens) <> cardinality({{ right }}.name_tokens)
            then
                case
                    when {{ is_token_more(left, right) }} then 'near'
                    -- a space too many or too few
                    when {{ is_name_slip(joined_words(left), joined_words(right)) }}
                        then 'near'
                    else {{ latin_name_level(left, right) }}
                end
        else {{ latin_name_level(left, right) }}
    end
{%- endmacro %}


{# two full names in Latin letters, part by part #}
{% macro latin_name_level(left, right) -%}
    case
        when
            {{ left }}.family_key = {{ right }}.family_key
            and {{ left }}.given_key = {{ right }}.given_key
            then
                case
                    when {{ middle_contradicts(left, right) }} then 'different'
                    else 'near'
                end
        when {{ left }}.given_forms && {{ right }}.given_forms
            then
                case
                    when
                        {{ left }}.family_key = {{ right }}.family_key
                        or {{ is_family_slip(left, right) }}
                        then 'near'
                    else 'different'
                end
        when {{ is_given_slip(left, right) }}
            then
                case
                    when
                        {{ left }}.family_key = {{ right }}.family_key
                        or {{ is_name_slip(left ~ '.family_key', right ~ '.family_key') }}
                        then 'near'
                    else 'different'
                end
        when
            -- what one takes for the family name, the other takes for the given one
            (
                {{ left }}.family_key = {{ right }}.given_key
                or {{ is_name_slip(left ~ '.family_key', right ~ '.given_key') }}
            )
            and (
                {{ left }}.given_key = {{ right }}.family_key
                or {{ is_name_slip(left ~ '.given_key', right ~ '.family_key') }}
            )
            then 'near'
        when
            -- a space in the wrong place
            {{ joined_words(left) }} = {{ joined_words(right) }}
            then 'near'
        when
            not ({{ left }}.is_given_known and {{ right }}.is_given_known)
            and not ({{ left }}.is_family_known and {{ right }}.is_family_known)
            and levenshtein_less_equal({{ joined_words(left) }}, {{ joined_words(right) }}, 1)
            <= 1
            then 'near'
        else 'different'
    end
{%- endmacro %}


{# slips in a family name beside the same given name: one more is forgiven #}
{% macro is_family_slip(left, right) -%}
    (
        {{ is_name_slip(left ~ '.family_key', right ~ '.family_key') }}
        or (
            not ({{ left }}.is_family_known and {{ right }}.is_family_known)
            and levenshtein_less_equal({{ left }}.family_key, {{ right }}.family_key, 3)
            <= case
                when
                    least(length({{ left }}.family_key), length({{ right }}.family_key))
                    >= case
                        when {{ left }}.is_family_known or {{ right }}.is_family_known then 6
                        else 5
                    end
                    then 3
                when not {{ left }}.is_family_known and not {{ right }}.is_family_known
                    then 2
                else 0
            end
        )
    )
{%- endmacro %}


{# a western given name alone, beside a name in characters or pinyin #}
{% macro is_adopted_name(adopted, own) -%}
    (
        {{ adopted }}.name_kind = 'partial'
        and {{ adopted }}.script = 'latin'
        and {{ adopted }}.family_key is null
        and ({{ own }}.script = 'han' or {{ own }}.is_pinyin)
        and {{ adopted }}.is_given_known
    )
{%- endmacro %}


{# the words of a name without the spaces between them #}
{% macro joined_words(name) -%}
    array_to_string({{ name }}.name_tokens, '')
{%- endmacro %}


{#
    one key struck wrongly, left out, added or swapped; two in a longer word, and any
    order of the same letters
#}
{% macro is_name_slip(one, other) -%}
    (
        abs(length({{ one }}) - length({{ other }})) <= 2
        and case levenshtein_less_equal({{ one }}, {{ other }}, 2)
            when 0 then true
            when 1 then true
            when 2
                then
                    least(length({{ one }}), length({{ other }})) >= 5
                    or {{ has_same_letters(one, other) }}
            else length({{ one }}) >= 4 and {{ has_same_letters(one, other) }}
        end
    )
{%- endmacro %}


{# two words of one length and of the same letters #}
{% macro has_same_letters(one, other) -%}
    (
        length({{ one }}) = length({{ other }})
        and translate({{ one }}, {{ other }}, '') = ''
        and translate({{ other }}, {{ one }}, '') = ''
    )
{%- endmacro %}


{# two words with slips in both, whose ends stood fast #}
{% macro is_twice_slipped(one, other) -%}
    (
        left({{ one }}, 1) = left({{ other }}, 1)
        and right({{ one }}, 1) = right({{ other }}, 1)
        and levenshtein_less_equal({{ one }}, {{ other }}, 3)
        <= least((least(length({{ one }}), length({{ other }})) + 1) / 2, 3)
    )
{%- endmacro %}


{# two given names that are both in use are two names, however alike #}
{% macro is_given_slip(left, right) -%}
    (
        not ({{ left }}.is_given_known and {{ right }}.is_given_known)
        and (
            {{ is_name_slip(left ~ '.given_key', right ~ '.given_key') }}
            or {{ is_twice_slipped(left ~ '.given_key', right ~ '.given_key') }}
            or (
                {{ left }}.is_given_known
                and {{ is_slip_of_forms(left, right) }}
            )
            or (
                {{ right }}.is_given_known
                and {{ is_slip_of_forms(right, left) }}
            )
        )
    )
{%- endmacro %}


{# a slip in a name that the other bears in full or short #}
{% macro is_slip_of_forms(formal, slipped) -%}
    exists (
        select 1
        from unnest({{ formal }}.given_forms) as given_form
        where {{ is_name_slip('given_form', slipped ~ '.given_key') }}
    )
    or exists (
        select 1
        from unnest({{ formal }}.given_shorts) as short_form
        where
            case levenshtein_less_equal(short_form, {{ slipped }}.given_key, 2)
                when 1 then true
                when 2 then {{ has_same_letters('short_form', slipped ~ '.given_key') }}
                else false
            end
    )
{%- endmacro %}


{# all words of one are in the other, which has more #}
{% macro is_token_more(left, right) -%}
    (
        cardinality({{ left }}.name_tokens) <> cardinality({{ right }}.name_tokens)
        and least(
            cardinality({{ left }}.name_tokens), cardinality({{ right }}.name_tokens)
        ) > 1
        and (
            {{ left }}.name_tokens <@ {{ right }}.name_tokens
            or {{ left }}.name_tokens @> {{ right }}.name_tokens
        )
    )
{%- endmacro %}


{# two middle names of which none may be the initial of the other #}
{% macro middle_contradicts(left, right) -%}
    (
        cardinality({{ left }}.name_tokens) > 2
        and cardinality({{ right }}.name_tokens) > 2
        and not {{ left }}.is_pinyin
        and not {{ right }}.is_pinyin
        and not starts_with({{ left }}.name_tokens[2], {{ right }}.name_tokens[2])
        and not starts_with({{ right }}.name_tokens[2], {{ left }}.name_tokens[2])
        and not {{ is_name_slip(left ~ '.name_tokens[2]', right ~ '.name_tokens[2]') }}
    )
{%- endmacro %}


{# a name of two characters that is another's given name #}
{% macro is_bare_given_name(bare, whole) -%}
    (
        length({{ bare }}.name_key) = 2
        and length({{ whole }}.given_key) = 2
        and (
            {{ bare }}.name_key = {{ whole }}.given_key
            or {{ bare }}.family_sound || {{ bare }}.given_sound = {{ whole }}.given_sound
        )
    )
{%- endmacro %}


{# a name of two characters that sounds like another's given name in pinyin #}
{% macro is_bare_sound(bare, whole) -%}
    (
        {{ bare }}.script = 'han'
        and length({{ bare }}.name_key) = 2
        and {{ whole }}.is_pinyin
        and replace({{ bare }}.family_sound || {{ bare }}.given_sound, 'v', 'u')
        = {{ whole }}.given_key
    )
{%- endmacro %}


{# whether two names of which at least one is a part cannot be one name #}
{% macro name_contradicts(left, right) -%}
    coalesce(
        coalesce({{ left }}.gender_hint, {{ left }}.given_gender)
        <> coalesce({{ right }}.gender_hint, {{ right }}.given_gender),
        false
    )
    or case
        -- a word that may be either name
        when
            {{ left }}.script = 'latin' and {{ right }}.script = 'latin'
            and (
                cardinality({{ left }}.name_tokens) = 1
                or cardinality({{ right }}.name_tokens) = 1
            )
            and {{ left }}.name_tokens && {{ right }}.name_tokens
            then false
        else
            coalesce(not (
                {{ left }}.family_sounds && {{ right }}.family_sounds
                or {{ left }}.family_key = {{ right }}.family_key
                or (
                    {{ left }}.script = 'latin' and {{ right }}.script = 'latin'
                    and {{ is_name_slip(left ~ '.family_key', right ~ '.family_key') }}
                )
            ), false)
            or coalesce(not (
                {{ left }}.given_key = {{ right }}.given_key
                or {{ left }}.given_sound = {{ right }}.given_sound
                or {{ left }}.given_forms && {{ right }}.given_forms
                or (
                    {{ left }}.script = 'latin' and {{ right }}.script = 'latin'
                    and {{ is_given_slip(left, right) }}
                )
            ), false)
            or {{ initial_contradicts(left, right) }}
            or {{ initial_contradicts(right, left) }}
            or {{ mask_contradicts(left, right) }}
            or {{ mask_contradicts(right, left) }}
    end
{%- endmacro %}


{# an initial, and another's names or initials that do not begin so #}
{% macro initial_contradicts(short, whole) -%}
    (
        (
            {{ short }}.given_initial is not null
            and coalesce(
                {{ whole }}.given_key, {{ whole }}.given_sound, {{ whole }}.given_initial
            ) is not null
            and not coalesce(
                starts_with({{ whole }}.given_key, {{ short }}.given_initial), false
            )
            and not coalesce(
                starts_with({{ whole }}.given_sound, {{ short }}.given_initial), false
            )
            and not coalesce(
                starts_with({{ whole }}.given_initial, {{ short }}.given_initial)
                or starts_with({{ short }}.given_initial, {{ whole }}.given_initial),
                false
            )
            and not exists (
                select 1
                from unnest({{ whole }}.given_forms) as given_form
                where starts_with(given_form, {{ short }}.given_initial)
            )
        )
        or (
            {{ short }}.family_initial is not null
            and not coalesce(
                starts_with(
                    coalesce({{ whole }}.family_key, {{ whole }}.family_initial),
                    {{ short }}.family_initial
                )
                or starts_with({{ whole }}.family_sounds[1], {{ short }}.family_initial),
                true
            )
        )
    )
{%- endmacro %}


{# a masked name, and another that has other characters or another number of them #}
{% macro mask_contradicts(masked, whole) -%}
    (
        {{ masked }}.name_mask is not null
        and coalesce(
            case
                when {{ whole }}.script <> 'han' then false
                when {{ whole }}.name_mask is not null
                    then
                        length({{ whole }}.name_mask) <> length({{ masked }}.name_mask)
                else {{ whole }}.name_key not like {{ masked }}.name_mask
            end,
            false
        )
    )
{%- endmacro %}


{# a word of one name is a word of the other, or a slip of it #}
{% macro has_word_in_common(left, right) -%}
    exists (
        select 1
        from unnest({{ left }}.name_tokens) as left_word
        cross join unnest({{ right }}.name_tokens) as right_word
        where
            left_word = right_word
            or (
                least(length(left_word), length(right_word)) > 3
                and {{ is_name_slip('left_word', 'right_word') }}
            )
    )
{%- endmacro %}
