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
