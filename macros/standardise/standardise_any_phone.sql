{#
    A phone number as E.164 where the record may not say its country: by the number's own
    shape, then by the language (zh, en, ...; null when not known). Masked numbers are
    null. A number has only to be as long as numbers of its country are, not to be one
    that is given out today: the lists of those are older than the numbers people use.
    The commonest mobiles are told first, because the long way costs ten times as much.
#}
{% macro standardise_any_phone(column, country='null::text', language='null::text') -%}
(
    select
        case
            when strpos(squeezed, '*') > 0 then null
            else coalesce(
                case
                    when said_country is null or said_country = 'CN' or squeezed ~ '^(?:\+|00)'
                        then '+86' || substring(squeezed from '^(?:(?:\+|00)?86)?0?(1[3-9][0-9]{9})$')
                end,
                case
                    when said_country is null or said_country = 'AU' or squeezed ~ '^(?:\+|00)'
                        then '+61' || substring(squeezed from '^(?:(?:\+|00)?610?|0)(4[0-9]{8})$')
                end,
                (
                    select
                        case
                            when candidate like '+86%'
                                then substring(candidate from '^\+86(?:1[3-9][0-9]{9}|(?:10|2[0-9])[0-9]{8}|[3-9][0-9]{2}[0-9]{7,8})$')
                            when candidate like '+61%'
                                then substring(candidate from '^\+61(?:[2-478][0-9]{8}|1[38]00[0-9]{6}|13[0-9]{4})$')
                            when candidate like '+1%' then substring(candidate from '^\+1[2-9][0-9]{9}$')
                            else substring(candidate from '^\+[2-9][0-9]{7,14}$')
                        end
                    from (
                        select {{ standardise_phone('squeezed', 'number_country', validated=false) }} as candidate
                        from (
                            select
                                case
                                    when said_country is not null then said_country
                                    when squeezed ~ '^0[23478][0-9]{8}$' then 'AU'
                                    when said_language = 'zh' then 'CN'
                                    when squeezed ~ '^0[1-37][0-9]{9}$'
                                        then case when said_language = 'en' then 'GB' else 'CN' end
                                    when squeezed ~ '^0[0-9]{10,11}$' then 'CN'
                                    when said_language = 'en' and squeezed ~ '^1?[2-9][0-9]{2}[2-9][0-9]{6}$'
                                        then 'US'
                                end as number_country
                            from (values (1)) as one_row (number)
                            offset 0
                        ) as placed_number
                        offset 0
                    ) as long_way
                )
            )
        end
    from (
        select
            translate({{ compatible_form(column) }}, ' -()', '') as squeezed,
            {{ country }} as said_country,
            {{ language }} as said_language
        from (values (1)) as one_row (number)
        offset 0
    ) as given
)
{%- endmacro %}
