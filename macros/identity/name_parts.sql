{# two parts of a name as one text, whichever comes first #}
{% macro name_pair(one, other) -%}
    least(({{ one }}) collate "C", ({{ other }}) collate "C") || ' '
    || greatest(({{ one }}) collate "C", ({{ other }}) collate "C")
{%- endmacro %}


{# the gender that characters of a given name say, if they do not say both #}
{% macro gender_of_characters(columns) -%}
    case
        when 'male' in ({{ columns | join(', ') }})
            then case when 'female' in ({{ columns | join(', ') }}) then null else 'male' end
        when 'female' in ({{ columns | join(', ') }}) then 'female'
    end
{%- endmacro %}


{# letters without what stands above, below or through them; one apostrophe for all #}
{% macro without_accents(column) -%}
    replace(
        translate(
            regexp_replace(normalize({{ column }}, nfkd), '[\u0300-\u036f]+', '', 'g'),
            'øØłŁđĐðÐıħĦ’‘ʼ', 'oOlLdDdDihH'''''''
        ),
        'ß', 'ss'
    )
{%- endmacro %}


{# whether a word is one syllable of pinyin or two #}
{% macro is_pinyin_word(word, syllables='pinyin_syllables') -%}
    (
        ({{ word }}) in (select listed.syllable from {{ syllables }} as listed)
        {%- for size in range(1, 7) %}
        or (
            left({{ word }}, {{ size }})
            in (select listed.syllable from {{ syllables }} as listed)
            and substr({{ word }}, {{ size + 1 }})
            in (select listed.syllable from inner_syllables as listed)
        )
        {%- endfor %}
    )
{%- endmacro %}
