{#
    The letters of an e-mail address before the @, which are often a name: ryan_brown458
    is `ryan brown`, davidpowell59 is `david powell` where both are known names, and
    zhanglixue stays one word; null where there are few, or more than an address may have
#}
{% macro email_name(email, given_words, family_words) -%}
    (
        select
            case
                when length(letters) not between 5 and 64 then null
                when letters like '% %' then letters
                {%- for size in range(10, 2, -1) %}
                when
                    left(letters, {{ size }})
                    in (select listed.latin_word from {{ given_words }} as listed)
                    and substr(letters, {{ size + 1 }})
                    in (select listed.latin_word from {{ family_words }} as listed)
                    then left(letters, {{ size }}) || ' ' || substr(letters, {{ size + 1 }})
                {%- endfor %}
                else letters
            end
        from (
            select
                trim(regexp_replace(split_part({{ email }}, '@', 1), '[^a-z]+', ' ', 'g'))
                    as letters
            offset 0
        ) as spelled
    )
{%- endmacro %}
