{# what a record may say about a person; null where its source says nothing of it #}
{% set columns = {
    'record_id': 'text',
    'cookie_id': 'text',
    'account_id': 'text',
    'device_id': 'text',
    'openid': 'text',
    'openid_app': 'text',
    'unionid': 'text',
    'crm_customer_id': 'text',
    'source_name': 'text',
    'channel': 'text',
    'language': 'text',
    'country_code': 'text',
    'person_name': 'text',
    'gender': 'text',
    'phone': 'text',
    'phone_raw': 'text',
    'email': 'text',
    'email_raw': 'text',
    'social_platform': 'text',
    'social_handle': 'text',
    'loyalty_card': 'text',
    'address': 'text',
    'city': 'text',
    'postcode': 'text',
    'birth_date': 'date',
    'seen_at': 'timestamptz',
} %}

{# what is longer is no name or address, and no index would hold it #}
{% set longest = {'person_name': 200, 'address': 400, 'city': 100, 'postcode': 30} %}

{% set site_country = "case
            when starts_with(site_code, 'cn') then 'CN'
            when starts_with(site_code, 'uk') then 'GB'
        end" %}

{% set contact = {
    'record_id': "'interaction:' || interaction_id",
    'source_name': 'source_name',
    'channel': 'channel',
    'country_code': site_country,
    'phone': 'contact_phone',
    'email': 'contact_email',
    'seen_at': 'started_at',
} %}

{#
    Per kind of record: the model, the column that its key stands in, what stands before
    the key, and what the record says. Accounts of two systems are told apart by the name
    of the system before them; the app and the bot in it are one system, and so are, with
    their cookies, the website's chat and its bot
#}
{% set kinds = [
    ('int_calls__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'phone_raw': 'contact_phone_raw',
        'language': 'lower(left(language_code, 2))',
    })),
    ('int_chat_sessions__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'cookie_id': 'visitor_id',
        'crm_customer_id': 'crm_customer_id',
        'person_name': 'visitor_name',
        'phone_raw': 'contact_phone_raw',
        'email_raw': 'contact_email_raw',
    })),
    ('int_email_threads__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'person_name': 'contact_name',
        'email_raw': 'contact_email_raw',
    })),
    ('int_app_conversations__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'account_id': "'app/' || account_id",
        'device_id': 'device_id',
        'phone_raw': 'contact_phone_raw',
    })),
    ('int_wechat_interactions__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'openid': 'openid',
        'openid_app': 'app_id',
        'unionid': 'unionid',
    })),
    ('int_social_interactions__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'social_platform': 'lower(platform_code)',
        'social_handle': standardise_handle('handle_raw'),
        'person_name': 'display_name',
    })),
    ('int_store_visits__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'person_name': 'visitor_name',
        'phone_raw': 'contact_phone_raw',
        'loyalty_card': 'upper(' ~ standardise_line('loyalty_card') ~ ')',
    })),
    ('int_bot_sessions__cleaned', 'interaction_id', 'interaction:', dict(contact, **{
        'cookie_id': 'visitor_id',
        'account_id': "'app/' || account_id",
        'openid': 'openid',
        'openid_app': "case when openid is not null then '" ~ var('bot_openid_app') ~ "' end",
        'language': 'lower(left(language_code, 2))',
    })),
    ('int_customers__cleaned', 'crm_customer_id', 'customer:', {
        'record_id': "'customer:' || crm_customer_id",
        'unionid': 'unionid',
        'crm_customer_id': 'crm_customer_id',
        'source_name': "'crm'",
        'channel': "'crm'",
        'country_code': 'country_code',
        'person_name': 'customer_name',
        'gender': 'gender',
        'phone': 'phone',
        'phone_raw': 'phone_raw',
        'email': 'email',
        'email_raw': 'email_raw',
        'loyalty_card': 'upper(loyalty_card)',
        'address': 'address',
        'city': 'city',
        'postcode': 'postcode',
        'birth_date': "case
            when birth_date between '1905-01-01' and (first_exported_at at time zone 'UTC')::date
                then birth_date
        end",
        'seen_at': 'coalesce(registered_at, first_exported_at)',
    }),
    ('int_tickets__cleaned', 'ticket_id', 'ticket:helpdesk/', {
        'record_id': "'ticket:helpdesk/' || ticket_id",
        'crm_customer_id': 'crm_customer_id',
        'source_name': "'helpdesk'",
        'channel': 'channel',
        'country_code': site_country | replace('site_code', 'group_name'),
        'person_name': 'requester_name',
        'phone': 'requester_phone',
        'phone_raw': 'requester_phone_raw',
        'email': 'requester_email',
        'email_raw': 'requester_email_raw',
        'seen_at': 'created_at',
    }),
    ('int_tickets__unioned', 'ticket_id', 'ticket:', {
        'record_id': "'ticket:' || ticket_id",
        'account_id': 'requester_id',
        'source_name': 'source_name',
        'channel': 'channel',
        'seen_at': 'created_at',
    }),
    ('int_ticket_people__cleaned', 'person_id', 'person:', {
        'record_id': "'person:' || person_id",
        'account_id': 'person_id',
        'source_name': 'source_name',
        'language': 'language',
        'country_code': 'country_code',
        'person_name': 'person_name',
        'phone': 'phone',
        'phone_raw': 'phone_raw',
        'email': 'email',
        'email_raw': 'email_raw',
        'seen_at': 'created_at',
    }),
    ('int_orders__cleaned', 'order_id', 'order:', {
        'record_id': "'order:' || order_id",
        'crm_customer_id': 'crm_customer_id',
        'source_name': "'crm'",
        'seen_at': 'ordered_at',
    }),
    ('int_experiment_assignments__cleaned', 'assignment_id', 'assignment:', {
        'record_id': "'assignment:' || assignment_id",
        'crm_customer_id': 'crm_customer_id',
        'source_name': "'marketing'",
        'seen_at': 'assigned_at',
    }),
    ('int_survey_invitations__cleaned', 'invitation_id', 'invitation:', {
        'record_id': "'invitation:' || invitation_id",
        'source_name': "'survey'",
        'phone': 'recipient_phone',
        'phone_raw': 'case when recipient_phone is not null then recipient end',
        'email': 'recipient_email',
        'email_raw': 'case when recipient_email is not null then recipient end',
        'seen_at': 'sent_at',
    }),
] %}

{# people records keep their own keys, unless those begin as keys of other kinds #}
{% set taken =
    '^(?:interaction|customer|ticket|person|order|assignment|invitation|people):'
%}

{% set touched_by = [
    {
        'parent': 'int_people__cleaned',
        'key': 'record_id',
        'each': "case when fresh_key ~ '" ~ taken
            ~ "' then 'people:' else '' end || fresh_key",
    },
] %}
{% for model_name, key, prefix, said in kinds %}
    {% do touched_by.append({
        'parent': model_name,
        'key': key,
        'each': "'" ~ prefix ~ "' || fresh_key",
    }) %}
{% endfor %}

{{ config(
    unique_key='record_id',
    indexes=[
        {'columns': ['record_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={'touched_by': touched_by}
) }}

with

people as (

    select
        *,
        'people' as source_name
    from {{ ref('int_people__cleaned') }}
    {{ only_touched('record_id') }}

),

people_with_taken_keys as (

    select
        *,
        'people' as source_name
    from {{ ref('int_people__cleaned') }}
    {{ only_touched('record_id', prefix='people:') }}

),

unioned as (

    select {{ columns | join(', ') }}
    from people
    where record_id !~ '{{ taken }}'
    union all
    select
        'people:' || {{ columns | join(', ') }}
    from people_with_taken_keys
    where record_id ~ '{{ taken }}'
    {% for model_name, key, prefix, said in kinds %}
        union all
        select
            {% for column, type in columns.items() %}
                ({{ said.get(column, 'null') }})::{{ type }} as {{ column }}
                {%- if not loop.last %},{% endif %}
            {% endfor %}
        from (
            select * from {{ ref(model_name) }}
            {{ only_touched(key, prefix=prefix) }}
        ) as {{ prefix.split(':')[0] }}s
        {% if model_name == 'int_tickets__unioned' %}
            -- who asks at the help desk is told by its own tickets
            where source_name != 'helpdesk'
        {% endif %}
    {% endfor %}

),

final as (

    select
        {% for column in columns %}
            {%- if column in longest %}
                left({{ column }}, {{ longest[column] }}) as {{ column }},
            {%- else %}
                {{ column }},
            {%- endif %}
        {% endfor %}
        pg_current_xact_id() as changed_xid
    from unioned

)

select * from final
