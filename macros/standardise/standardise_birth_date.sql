{#
    A birth date in the spellings of forms (1990-03-07, 1990/3/7, 1990年3月7日, 19900307)
    as a date. Null when it cannot be read, lies after `latest`, before 1905 (nobody older
    calls), or is the 1900-01-01 of a blank form
#}
{% macro standardise_birth_date(column, latest) -%}
case
    when {{ column }} is not null
        then (
            select born.day
            from (
                select {{ readable_date('spelled.day_text') }} as day
                from (
                    select
                        case
                            when line ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' then line
                            else regexp_replace(
                                regexp_replace(
                                    line,
                                    '^([0-9]{4}) ?[-/.年]? ?([0-9]{1,2}) ?[-/.月]? ?([0-9]{1,2})(?:日|T| |$).*$',
                                    '\1-0\2-0\3'
                                ),
                                '-0([0-9]{2})', '-\1', 'g'
                            )
                        end as day_text
                    from (values ({{ standardise_line(column) }})) as written (line)
                    offset 0
                ) as spelled
                offset 0
            ) as born
            where born.day between '1905-01-01' and {{ latest }}
        )
end
{%- endmacro %}
