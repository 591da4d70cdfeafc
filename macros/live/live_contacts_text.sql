{# the columns of `live.contacts`, in order: the type of each, and what it says #}
{% macro live_contact_columns(source) %}
    {% set contact_id = 'verdicts.' ~ source['key'] if source['judged'] else 'contacts.source_record_id' %}
    {% set group = 'verdicts.' ~ source['key'] if source['judged'] else 'contacts.' ~ source['key'] %}
    {% set open_since -%}
        greatest(
            {%- if source['offered'] %}{{ source['offered'] }}, {% endif -%}
            {%- if source['messages'] %}talk.last_message_at, {% endif -%}
            {{ source['answered'] }}, contacts.started_at
        )
    {%- endset %}
    {% set is_open = 'contacts.source_record_id is not null' %}
    {% if source['closed'] %}
        {% set is_open = is_open ~ ' and ' ~ source['closed'] ~ ' is null' %}
    {% endif %}
    {{ return({
        'channel': ['text', "'" ~ source['channel'] ~ "'"],
        'contact_id': ['text', contact_id],
        'source_name': ['text', "'" ~ source['name'] ~ "'"],
        'group_hash': ['bigint', 'hashtextextended(' ~ group ~ ', 0)'],
        'version_row_id': ['bigint', 'verdicts.row_id' if source['judged'] else 'null::bigint'],
        'queue_name': ['text', 'contacts.queue_name'],
        'agent_id': ['text', 'contacts.agent_id'],
        'rejection_reason': [
            'text', 'verdicts.rejection_reason' if source['judged'] else 'null::text'
        ],
        'wait_seconds': ['integer', 'contacts.wait_seconds'],
        'first_response_seconds': ['integer', 'contacts.first_response_seconds'],
        'is_counted': ['boolean', 'contacts.source_record_id is not null'],
        'is_offered': ['boolean', 'coalesce(contacts.is_offered, false)'],
        'is_handled': ['boolean', 'coalesce(contacts.is_handled, false)'],
        'is_abandoned': ['boolean', 'coalesce(contacts.is_abandoned, false)'],
        'is_short_abandoned': ['boolean',
            'coalesce(contacts.is_abandoned and contacts.wait_seconds'
            ~ ' <= channels.short_abandon_seconds, false)'],
        'is_callback': ['boolean', 'coalesce(contacts.is_callback, false)'],
        'is_handed_off': ['boolean', 'coalesce(contacts.is_handed_off, false)'],
        'is_within_target': ['boolean',
            "coalesce(case when channels.channel_kind = 'live'"
            ~ ' then contacts.is_handled and contacts.wait_seconds'
            ~ ' <= channels.first_response_target_seconds'
            ~ ' else contacts.first_response_seconds'
            ~ ' <= channels.first_response_target_seconds end, false)'],
        'offered_at': ['timestamptz', 'coalesce(contacts.started_at, ' ~ source['offered'] ~ ')'
            if source['offered'] else 'contacts.started_at'],
        'first_response_at': ['timestamptz',
            'case when contacts.first_response_seconds is not null then '
            ~ source['answered'] ~ ' end'],
        'ended_at': ['timestamptz', 'contacts.ended_at'],
        'waiting_since': ['timestamptz',
            'case when ' ~ is_open ~ ' and contacts.is_offered and not contacts.is_handled'
            ~ ' and not contacts.is_callback and not coalesce(contacts.is_abandoned, false)'
            ~ ' then ' ~ source['began'] ~ ' end'],
        'unanswered_since': ['timestamptz',
            'case when ' ~ is_open ~ ' then talk.unanswered_since end'
            if source['messages'] else 'null::timestamptz'],
        'open_until': ['timestamptz',
            'case when ' ~ is_open ~ ' then '
            ~ (open_since ~ ' + ' ~ source['patience'] if source['patience']
                else "'infinity'::timestamptz") ~ ' end'],
        'changed_xid': ['xid8', 'pg_current_xact_id()'],
        'changed_at': ['timestamptz', 'clock_timestamp()'],
    }) }}
{% endmacro %}


{# those that make a row another row: a version that says the same wakes nobody #}
{% macro live_compared_columns(source) %}
    {{ return(
        live_contact_columns(source).keys()
        | reject('in', [
            'channel', 'contact_id', 'version_row_id', 'changed_xid', 'changed_at'
        ]) | list
    ) }}
{% endmacro %}


{#
    The SQL of a model for the keys in `wanted_keys`: what stands in the model's file, with
    the models before it as CTEs. All that it reads of its source is kept to the keys, also
    where the model need not say so; what it reads of the models before is theirs already.
    Of reviews only decisions are read, of which there are few. Who the customer is and what
    was said is left out of what was cleaned: verdicts are made before, and it costs most
#}
{% macro live_model_text(name, source_name, key) -%}
    {% set re = modules.re %}
    {% set touched = "(?:\\s*\\{\\{ only_touched\\('[a-z_]+'\\) \\}\\})?" %}
    {% set text = node_of(name).raw_code.partition('\nwith\n')[2] %}
    {% if name.endswith('__cleaned') %}
        {% set text = re.sub('(?s)\\{\\{ standardise_[a-z]+\\(.*?\\) \\}\\}', 'null::text', text) %}
    {% endif %}
    {% set text = re.sub(
        "\\{\\{ ref\\('(int_[a-z_]+)'\\) \\}\\}" ~ touched, '\\1', text
    ) %}
    {% set text = re.sub(
        "\\{\\{ ref\\('(stg_" ~ source_name ~ "__[a-z_]+)'\\) \\}\\}" ~ touched,
        "{{ relation_of('\\1') }}\n    where " ~ key ~ ' = any(wanted_keys)',
        text
    ) %}
    {% set text = re.sub(
        "\\{\\{ ref\\('([a-z0-9_]+)'\\) \\}\\}" ~ touched, "{{ relation_of('\\1') }}", text
    ) %}
    {% set decisions = relation_of('stg_frontdesk__decisions') | string %}
    {# a database may be copied under another name #}
    {{- render('with\n' ~ text)
        | replace(decisions, decisions ~ ' where decision is not null')
        | replace(api.Relation.create(database=target.database) | string ~ '.', '') -}}
{%- endmacro %}


{# a query for the rows of `live.contacts` that the keys in `wanted_keys` have now #}
{% macro live_contacts_text(source) -%}
    with

    {% for name in source['models'] %}
    {{ name }} as (

    {{ live_model_text(name, source['name'], source['key']) }}

    ),

    {% endfor %}
    {% if source['messages'] %}
    talk as (

        select
            source_interaction_id,
            min(sent_at) filter (where sender_type = 'customer') as first_customer_at,
            min(sent_at) filter (
                where
                sender_type = 'customer'
                and (last_reply_at is null or sent_at > last_reply_at)
            ) as unanswered_since,
            max(sent_at) as last_message_at
        from (
            select
                source_interaction_id,
                sender_type,
                sent_at,
                max(sent_at) filter (
                    where sender_type = 'agent' and is_public and not is_automatic
                ) over (partition by source_interaction_id) as last_reply_at
            from {{ source['messages'] }}
        ) as spoken
        group by source_interaction_id

    ),

    {% endif %}
    {% if source['queued'] %}
    queued as (

        select
            {{ source['key'] }},
            min(queued_at) as first_queued_at
        from {{ kept_relation(source['queued']) }}
        where {{ source['key'] }} = any(wanted_keys)
        group by {{ source['key'] }}

    ),

    {% endif %}
    channels as (

        select * from {{ kept_relation('seed_channels') }}

    )

    select
        {% for name, column in live_contact_columns(source).items() %}
        {{ column[1] }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    {% if source['judged'] %}
    from {{ source['judged'] }} as verdicts
    inner join (
        select * from {{ kept_relation(source['versions']) }}
        where {{ source['key'] }} = any(wanted_keys)
    ) as versions
        on verdicts.row_id = versions.row_id
    left join {{ source['contacts'] }} as contacts
        on verdicts.{{ source['key'] }} = contacts.source_record_id
    {% else %}
    from {{ source['contacts'] }} as contacts
    {% endif %}
    {% if source['messages'] %}
    left join talk
        on {{ live_contact_columns(source)['contact_id'][1] }} = talk.source_interaction_id
    {% endif %}
    {% if source['queued'] %}
    left join queued
        on verdicts.{{ source['key'] }} = queued.{{ source['key'] }}
    {% endif %}
    left join channels
        on channels.channel = '{{ source['channel'] }}'
{%- endmacro %}
