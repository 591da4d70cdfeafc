{#
    The inverse of `open_seconds_at`: the first moment by which a calendar has been open
    for so many seconds; null where it never is. For no seconds at all that is the first
    moment of which open time is counted, so a deadline of zero seconds is not to be
    looked up here. One index look-up
#}
{% macro open_moment_at(calendar_id, open_seconds) -%}
    (
        select
            case
                when asked.open_seconds = 0 then {{ calendar_start() }}
                when
                    asked.open_seconds
                    between 1 and open_intervals.open_seconds_before + open_intervals.open_seconds
                    then
                        open_intervals.opened_at
                        + (asked.open_seconds - open_intervals.open_seconds_before)
                        * interval '1 second'
            end
        from (
            select {{ calendar_id }} as calendar_id, ({{ open_seconds }})::bigint as open_seconds
        ) as asked
        cross join
            (select * from {{ ref('int_open_intervals__counted') }}) as open_intervals
        where
            open_intervals.calendar_id = asked.calendar_id
            and open_intervals.open_seconds_before < greatest(asked.open_seconds, 1)
        order by open_intervals.open_seconds_before desc, open_intervals.opened_at desc
        limit 1
    )
{%- endmacro %}
