{#
    How two birth dates agree: equal, near (one digit off, two neighbouring digits
    swapped, day and month swapped), different; null where one is not known
#}
{% macro birth_level(left_date, right_date) -%}
    case
        when {{ left_date }} is null or {{ right_date }} is null then null
        when {{ left_date }} = {{ right_date }} then 'equal'
        when
            to_char({{ left_date }}, 'YYYYMMDD') = to_char({{ right_date }}, 'YYYYDDMM')
            then 'near'
        when
            {{ is_one_slip(
                "to_char(" ~ left_date ~ ", 'YYYYMMDD')",
                "to_char(" ~ right_date ~ ", 'YYYYMMDD')"
            ) }} then 'near'
        else 'different'
    end
{%- endmacro %}


{#
    whether one text is the other with one character changed, left out or added, or with
    two neighbours swapped (which needs two changes, and the same characters)
#}
{% macro is_one_slip(left_text, right_text) -%}
    (
        levenshtein_less_equal({{ left_text }}, {{ right_text }}, 2) <= 1
        or (
            length({{ left_text }}) = length({{ right_text }})
            and levenshtein_less_equal({{ left_text }}, {{ right_text }}, 2) = 2
            and levenshtein_less_equal({{ left_text }}, {{ right_text }}, 1, 1, 2, 2) = 2
        )
    )
{%- endmacro %}


{#
    How two address keys agree: equal, near (the same numbers, the words alike), close
    (a slip of one or two characters), different
#}
{% macro address_level(left_key, right_key) -%}
    case
        when {{ left_key }} is null or {{ right_key }} is null then null
        when {{ left_key }} = {{ right_key }} then 'equal'
        when
            levenshtein_less_equal(
                left({{ left_key }}, 60),
                left({{ right_key }}, 60),
                greatest(length({{ left_key }}), length({{ right_key }})) * 2 / 5
            ) <= greatest(length({{ left_key }}), length({{ right_key }})) * 2 / 5
            and regexp_replace({{ left_key }}, '[^0-9]+', ' ', 'g')
            = regexp_replace({{ right_key }}, '[^0-9]+', ' ', 'g')
            then 'near'
        when
            levenshtein_less_equal(left({{ left_key }}, 60), left({{ right_key }}, 60), 2)
            <= 2
            then 'close'
        else 'different'
    end
{%- endmacro %}


{#
    The words by which an address and a city are found again: no street types or short
    words, the city as one word; null when there is none
#}
{% macro address_words(address, city) -%}
    (
        select array_agg(distinct place_word order by place_word)
        from (
            select place_word
            from
                regexp_split_to_table(
                    lower(normalize({{ address }}, nfkc)), '[^[:alpha:]]+'
                ) as place_word
            where
                length(place_word) > 3
                and place_word !~ '^(?:street|road|avenue|lane|drive|court|place|crescent|close|circuit|terrace|parade|unit|apartment|flat|level|suite|number)$'
            union all
            select nullif(
                regexp_replace(lower(normalize({{ city }}, nfkc)), '[^[:alpha:]]+', '', 'g'), ''
            )
        ) as place_words
        where place_word is not null
    )
{%- endmacro %}


{#
    How alike two street names are, by their letters in threes, from `none` of them in
    common to `most`; null when one has no letters
#}
{% macro street_level(left_key, right_key) -%}
    case
        when
            {{ street_letters(left_key) }} = '' or {{ street_letters(right_key) }} = ''
            then null
        else (
            array[
                'none', 'faint', 'few', 'some', 'some', 'many', 'many', 'most', 'most',
                'most', 'most'
            ]
        )[
            floor(
                similarity({{ street_letters(left_key) }}, {{ street_letters(right_key) }}) * 10
            )::integer + 1
        ]
    end
{%- endmacro %}


{# the letters of an address key, of which street names are made #}
{% macro street_letters(address_key) -%}
    regexp_replace({{ address_key }}, '[0-9#]+', '', 'g')
{%- endmacro %}


{#
    How two house numbers agree: equal, near (the same digits), different; null where an
    address has none
#}
{% macro number_level(left_key, right_key) -%}
    case
        when {{ house_number(left_key) }} = {{ house_number(right_key) }} then 'equal'
        when
            {{ has_same_letters(house_number(left_key), house_number(right_key)) }}
            then 'near'
        when
            {{ house_number(left_key) }} is not null
            and {{ house_number(right_key) }} is not null
            then 'different'
    end
{%- endmacro %}


{#
    A detail of two bare atoms: what is compared, how it agrees, and where that counts for
    them, of how large a crowd the commoner of both values is
#}
{% macro detail(part, level) -%}
    '{{ part }} ' || {{ level }} || coalesce(
        '/' || nullif(greatest(left_atoms.{{ part }}_crowd, right_atoms.{{ part }}_crowd), 0),
        ''
    )
{%- endmacro %}


{#
    How the names of two bare records agree: as names do, or half when one word of them
    does
#}
{% macro name_detail_level(pair) -%}
    case
        when {{ pair }}.name_level in ('equal', 'near', 'fits') then {{ pair }}.name_level
        when {{ pair }}.has_common_word then 'half'
        else {{ pair }}.name_level
    end
{%- endmacro %}


{# how two short texts agree: equal, near (a slip), different; null where one is null #}
{% macro slip_level(left_text, right_text) -%}
    case
        when {{ left_text }} = {{ right_text }} then 'equal'
        when {{ is_one_slip(left_text, right_text) }} then 'near'
        when {{ left_text }} is not null and {{ right_text }} is not null then 'different'
    end
{%- endmacro %}


{# the number in front of an address key #}
{% macro house_number(address_key) -%}
    substring({{ address_key }} from '^[0-9#]+')
{%- endmacro %}


{# the city of an atom as one comparable word #}
{% macro city_key(atom) -%}
    lower(replace({{ atom }}.cities[1], ' ', ''))
{%- endmacro %}


{# the postal code of an atom, or the one that closes its address key #}
{% macro postal_code(atom) -%}
    coalesce(
        {{ atom }}.postcodes[1], substring({{ atom }}.address_keys[1] from '[0-9]{4,6}$')
    )
{%- endmacro %}


{#
    An address as one comparable text: case, width, spaces and punctuation aside, the
    usual words for unit and street by one spelling, no administrative suffixes
#}
{% macro address_key(address) -%}
    nullif(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(
                        translate(
                            lower(normalize({{ address }}, nfkc)),
                            '幢座楼層层省市县縣號区區',
                            '栋栋栋'
                        ),
                        '\m(?:unit|apartment|apt|flat|level|suite|no|number)\M|\mu(?=\d)', ' ', 'g'
                    ),
                    '\m(s)treet\M|\m(r)oad\M|\m(av)e(?:nue)?\M|\m(l)ane\M|\m(d)rive\M|\m(c)ourt\M|\m(p)lace\M|\m(c)rescent\M|\m(s)t\M|\m(r)d\M|\m(l)n\M|\m(d)r\M|\m(c)t\M|\m(p)l\M|\m(c)res\M',
                    '\1\2\3\4\5\6\7\8\9', 'g'
                ),
                '(\d)[\s/,.-]+(?=\d)', '\1#', 'g'
            ),
            '[^\w#]+', '', 'g'
        ),
        ''
    )
{%- endmacro %}
