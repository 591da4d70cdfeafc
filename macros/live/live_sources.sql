{#
    What the seconds path hears, one entry per source. The SQL of the models named here is
    what the triggers run, so that they and the build cannot judge differently:
      models      from the verdicts to the cleaned contact, each after what it reads
      judged      the verdicts on contacts; left out where a contact is cut from messages
      versions    the staging view that `judged` chose a row of
      contacts    the cleaned contacts
      key         what rows are recomputed by: the contact, or the customer's handle where
                  a contact is cut from messages
      messages    the cleaned messages, where somebody may wait for a reply to one
      began       when the customer began to wait
      answered    the moment of the first response
      closed      when the contact was ended; left out where only silence ends it
      patience    how long after its last sign a contact without an end counts as open;
                  none where it may take days
      tables      the raw tables, their columns of `key` and of the moment of an event
      decided     what reviewers decide on: the record type, and for messages the staging
                  view that knows their key
    `versions.`, `contacts.`, `talk.` and `queued.` stand for a row of each.
#}
{% macro live_sources() %}
    {% set silence = "interval '" ~ var('contact_gap_seconds') ~ " seconds'" %}
    {{ return([
        {
            'name': 'app',
            'channel': 'app',
            'models': [
                'int_app_conversations__judged', 'int_app_messages__judged',
                'int_app_messages__cleaned', 'int_app_conversations__cleaned',
            ],
            'judged': 'int_app_conversations__judged',
            'versions': 'stg_app__conversations',
            'contacts': 'int_app_conversations__cleaned',
            'key': 'conversation_id',
            'messages': 'int_app_messages__cleaned',
            'offered': 'versions.started_at',
            'began': 'talk.first_customer_at',
            'answered': live_moment_after('talk.first_customer_at'),
            'closed': 'versions.ended_at',
            'patience': none,
            'decided': {'app.conversations': none, 'app.messages': 'stg_app__messages'},
            'tables': [
                {'name': 'conversations', 'key': 'conversation_id', 'moment': 'started_at'},
                {'name': 'messages', 'key': 'conversation_id', 'moment': 'sent_at'},
            ],
        },
        {
            'name': 'bot',
            'channel': 'bot',
            'models': [
                'int_bot_sessions__judged', 'int_bot_messages__judged',
                'int_bot_messages__cleaned', 'int_bot_sessions__cleaned',
            ],
            'judged': 'int_bot_sessions__judged',
            'versions': 'stg_bot__sessions',
            'contacts': 'int_bot_sessions__cleaned',
            'key': 'session_id',
            'offered': 'versions.started_at',
            'began': 'null::timestamptz',
            'answered': 'null::timestamptz',
            'closed': 'versions.ended_at',
            'patience': silence,
            'decided': {'bot.sessions': none},
            'tables': [{'name': 'sessions', 'key': 'session_id', 'moment': 'started_at'}],
        },
        {
            'name': 'chat',
            'channel': 'web_chat',
            'models': [
                'int_chat_sessions__judged', 'int_chat_messages__judged',
                'int_chat_messages__cleaned', 'int_chat_sessions__cleaned',
            ],
            'judged': 'int_chat_sessions__judged',
            'versions': 'stg_chat__sessions',
            'contacts': 'int_chat_sessions__cleaned',
            'key': 'session_id',
            'messages': 'int_chat_messages__cleaned',
            'offered': 'versions.started_at',
            'began': 'coalesce(versions.queued_at, versions.started_at)',
            'answered': live_moment_after('versions.queued_at'),
            'closed': 'versions.ended_at',
            'patience': silence,
            'decided': {'chat.sessions': none, 'chat.messages': 'stg_chat__messages'},
            'tables': [
                {'name': 'sessions', 'key': 'session_id', 'moment': 'started_at'},
                {'name': 'messages', 'key': 'session_id', 'moment': 'sent_at'},
            ],
        },
        {
            'name': 'email',
            'channel': 'email',
            'models': [
                'int_email_threads__judged', 'int_email_messages__judged',
                'int_email_messages__cleaned', 'int_email_threads__cleaned',
            ],
            'judged': 'int_email_threads__judged',
            'versions': 'stg_email__threads',
            'contacts': 'int_email_threads__cleaned',
            'key': 'thread_id',
            'messages': 'int_email_messages__cleaned',
            'offered': 'versions.created_at',
            'began': 'talk.first_customer_at',
            'answered': live_moment_after('talk.first_customer_at'),
            'closed': 'versions.solved_at',
            'patience': none,
            'decided': {'email.threads': none, 'email.messages': 'stg_email__messages'},
            'tables': [
                {'name': 'threads', 'key': 'thread_id', 'moment': 'created_at'},
                {'name': 'messages', 'key': 'thread_id', 'moment': 'sent_at'},
            ],
        },
        {
            'name': 'phone',
            'channel': 'phone',
            'models': ['int_calls__judged', 'int_calls__cleaned'],
            'judged': 'int_calls__judged',
            'versions': 'stg_phone__calls',
            'contacts': 'int_calls__cleaned',
            'key': 'call_id',
            'queued': 'stg_phone__call_segments',
            'offered': 'versions.started_at',
            'began': 'coalesce(queued.first_queued_at, versions.started_at)',
            'answered': 'versions.answered_at',
            'closed': 'versions.ended_at',
            'patience': silence,
            'decided': {'phone.calls': none},
            'tables': [
                {'name': 'calls', 'key': 'call_id', 'moment': 'started_at'},
                {'name': 'call_segments', 'key': 'call_id', 'moment': 'queued_at'},
            ],
        },
        {
            'name': 'social',
            'channel': 'social',
            'models': [
                'int_social_messages__judged', 'int_social_messages__cleaned',
                'int_social_interactions__cleaned',
            ],
            'contacts': 'int_social_interactions__cleaned',
            'key': 'handle_raw',
            'messages': 'int_social_messages__cleaned',
            'began': 'talk.first_customer_at',
            'answered': live_moment_after('talk.first_customer_at'),
            'patience': silence,
            'decided': {'social.messages': 'stg_social__messages'},
            'tables': [{'name': 'messages', 'key': 'handle', 'moment': 'posted_at'}],
        },
        {
            'name': 'store',
            'channel': 'store',
            'models': ['int_store_visits__judged', 'int_store_visits__cleaned'],
            'judged': 'int_store_visits__judged',
            'versions': 'stg_store__visits',
            'contacts': 'int_store_visits__cleaned',
            'key': 'visit_id',
            'offered': 'versions.arrived_at',
            'began': 'versions.arrived_at',
            'answered': 'versions.served_at',
            'closed': 'versions.left_at',
            'patience': silence,
            'decided': {'store.visits': none},
            'tables': [{'name': 'visits', 'key': 'visit_id', 'moment': 'arrived_at'}],
        },
        {
            'name': 'wechat',
            'channel': 'wechat',
            'models': [
                'int_wechat_messages__judged', 'int_wechat_messages__cleaned',
                'int_wechat_interactions__cleaned',
            ],
            'contacts': 'int_wechat_interactions__cleaned',
            'key': 'openid',
            'messages': 'int_wechat_messages__cleaned',
            'began': 'talk.first_customer_at',
            'answered': live_moment_after('talk.first_customer_at'),
            'patience': silence,
            'decided': {'wechat.messages': 'stg_wechat__messages'},
            'tables': [{'name': 'messages', 'key': 'openid', 'moment': 'create_time'}],
        },
    ]) }}
{% endmacro %}


{# the moment of a first response, from the moment at which the wait for it began #}
{% macro live_moment_after(began) -%}
    {{ began }} + contacts.first_response_seconds * interval '1 second'
{%- endmacro %}
