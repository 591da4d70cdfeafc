{#
    The seconds that a calendar has been open up to a moment, since open time is counted;
    null where there is no calendar, its open time is not known, or the moment lies
    outside of the days that are counted. Business seconds from one moment to another are
    the difference of two. One index look-up; fractions of a second are cut
#}
{% macro open_seconds_at(calendar_id, moment, intervals=none) -%}
    (
        select
            open_intervals.open_seconds_before
            + least(
                -- not `extract`, whose numerics cost more
                floor(date_part('epoch', asked.moment - open_intervals.opened_at))::bigint,
                open_intervals.open_seconds
            )
        -- named apart, so that the caller's columns may have the names of these
        from (select {{ calendar_id }} as calendar_id, {{ moment }} as moment) as asked
        cross join (
            select * from {{ intervals or ref('int_open_intervals__counted') }}
        ) as open_intervals
        where
            open_intervals.calendar_id = asked.calendar_id
            and open_intervals.opened_at <= asked.moment
            and asked.moment <= {{ calendar_end() }}
        order by open_intervals.opened_at desc
        limit 1
    )
{%- endmacro %}
