{#
    the key of a contact that only a ticket knows: its first has the ticket's own, others
    add how often it had been solved. Readable, and in the order of the tickets, so that
    its indexes are built in order too
#}
{% macro ticket_contact_id(ticket_id, contact_number) -%}
    {{ ticket_id }}
    || case when {{ contact_number }} > 0 then '/' || {{ contact_number }} else '' end
{%- endmacro %}
