{#
    Scores that change with every day would have every customer written every day. Each
    customer is scored once a week instead, at an hour of the week of its own that its id
    tells, so each hour's build scores a 168th of them, and when a row was built does not
    show in it. The last such moment up to the as-of time
#}
{% macro scored_at(customer_id) -%}
    date_bin(
        interval '7 days',
        {{ as_of() }},
        '2001-01-01 00:00:00+00'::timestamptz
        + ('x' || left(md5({{ customer_id }}), 7))::bit(28)::integer % 168
        * interval '1 hour'
    )
{%- endmacro %}
