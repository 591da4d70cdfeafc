{#
    Open seconds of a ticket's life up to a moment, each part of it counted by the
    calendar that the ticket had then: the difference of two of them, by
    `open_seconds_between`, is what a clock in business hours shows. `calendars` is the
    ticket's first row of int_ticket_calendars__counted; most tickets have no other
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
                and (held.valid_from is null or {{ moment }} >= held.valid_from)
                and (held.valid_to is null or {{ moment }} < held.valid_to)
        )
    end
{%- endmacro %}


{#
    its inverse: the moment at which the ticket's open seconds reach a count; null where
    that is in a part of its life that is not counted
#}
{% macro ticket_open_moment(calendars, open_seconds) -%}
    case
        when {{ calendars }}.calendar_count = 1
            then {{ open_moment_at(calendars ~ '.open_calendar_id', open_seconds) }}
        else (
            select
                case
                    when
                        held.valid_to is null
                        or {{ open_seconds_at('held.open_calendar_id', 'held.valid_to') }}
                        + held.offset_seconds >= {{ open_seconds }}
                        then
                            {{ open_moment_at(
                                'held.open_calendar_id',
                                open_seconds ~ ' - held.offset_seconds'
                            ) }}
                end
            from (select * from {{ ref('int_ticket_calendars__counted') }}) as held
            where
                held.ticket_id = {{ calendars }}.ticket_id
                and (
                    held.valid_from is null
                    or {{ open_seconds_at('held.open_calendar_id', 'held.valid_from') }}
                    + held.offset_seconds < {{ open_seconds }}
                )
            order by held.stay_number desc
            limit 1
        )
    end
{%- endmacro %}


{#
    the open seconds from one moment of a ticket's life to another, each given by
    `ticket_open_seconds`; null when a part between them is not counted
#}
{% macro open_seconds_between(started_at, ended_at) -%}
    case
        when ({{ ended_at }}) - ({{ started_at }}) < {{ uncounted_leap() }}
            then ({{ ended_at }}) - ({{ started_at }})
    end
{%- endmacro %}


{# more than any calendar is ever open #}
{% macro uncounted_leap() -%}
    1000000000000
{%- endmacro %}
