{#
    Open seconds of a ticket's life up to a moment, each part of it counted by the
    calendar that the ticket had then: the difference of two of them is what a clock in
    business hours shows. `calendars` is the ticket's first row of
    int_ticket_calendars__counted; most tickets have no other
#}
{% macro ticket_open_seconds(calendars, moment) -%}
    case
        when {{ calendars }}.calendar_count = 1
            then {{ open_seconds_at(calendars ~ '.open_calendar_id', moment) }}
        else (
            select
                {{ open_seconds_at('held.open_calendar_id', moment) }}
                + held.offset_seconds
            from (select * from {{ ref('int_ticket_calendars__counted') }}) as held
            where
                held.ticket_id = {{ calendars }}.ticket_id
                and {{ moment }} >= held.valid_from
                and {{ moment }} < held.valid_to
        )
    end
{%- endmacro %}


{# its inverse: the moment at which the ticket's open seconds reach a count #}
{% macro ticket_open_moment(calendars, open_seconds) -%}
    case
        when {{ calendars }}.calendar_count = 1
            then {{ open_moment_at(calendars ~ '.open_calendar_id', open_seconds) }}
        else (
            select
                {{ open_moment_at(
                    'held.open_calendar_id', open_seconds ~ ' - held.offset_seconds'
                ) }}
            from (select * from {{ ref('int_ticket_calendars__counted') }}) as held
            where
                held.ticket_id = {{ calendars }}.ticket_id
                and (
                    held.valid_from = '-infinity'
                    or {{ open_seconds_at('held.open_calendar_id', 'held.valid_from') }}
                    + held.offset_seconds < {{ open_seconds }}
                )
            order by held.valid_from desc
            limit 1
        )
    end
{%- endmacro %}
