{#
    one key for one value of one type, short enough for the largest tables. It begins with
    the value's first half: the keys that one name is half of lie together in every index
#}
{% macro identifier_id(identifier_type, identifier_value) -%}
    (
        left(md5(split_part({{ identifier_value }}, '|', 1)), 12)
        || left(md5({{ identifier_type }} || '|' || {{ identifier_value }}), 20)
    )::uuid
{%- endmacro %}


{#
    the identifiers that a source gave to one owner, as rows of (type, value, raw value);
    the value bears its namespace: an openid its app, a handle its platform
#}
{% macro account_identifiers(record) -%}
        ('crm_customer_id', {{ record }}.crm_customer_id, {{ record }}.crm_customer_id),
        ('account_id', {{ record }}.account_id, {{ record }}.account_id),
        ('unionid', {{ record }}.unionid, {{ record }}.unionid),
        ('openid', {{ record }}.openid_app || '/' || {{ record }}.openid, {{ record }}.openid),
        (
            'social_handle',
            {{ record }}.social_platform || '/' || lower({{ record }}.social_handle),
            {{ record }}.social_handle
        )
{%- endmacro %}
