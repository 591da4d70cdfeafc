{# the key of a contact that only a ticket knows: its first, or one after so many solves #}
{% macro ticket_contact_id(source_name, source_ticket_id, contact_number) -%}
    {{ surrogate_key([source_name, source_ticket_id, contact_number]) }}
{%- endmacro %}
