{#
    After a build: puts the records that a person had better look at up for review. Adds
    rows, changes none.
#}
{% macro queue_doubtful_records() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% set rejected = adapter.get_relation(target.database, generate_schema_name('cleaned', none), 'int_records__rejected') %}
    {% set facts = adapter.get_relation(target.database, generate_schema_name('marts', none), 'fct_interactions') %}
    {% if rejected %}
        insert into {{ operations_schema() }}.review (record_type, record_id, doubt, detail)
        select
            record_type,
            record_id,
            rejection_reason,
            'rejected' || coalesce('; repeats ' || duplicate_of_id, '')
        from {{ rejected }}
        where
            rejection_reason in ('duplicate', 'time_in_wrong_zone')
            {{ since_last_queueing('rejected') }}
        on conflict (record_type, record_id) do nothing;
    {% endif %}
    {% if facts %}
        insert into {{ operations_schema() }}.review (record_type, record_id, doubt, detail)
        select
            case source_name
                when 'phone' then 'phone.calls'
                when 'chat' then 'chat.sessions'
                when 'email' then 'email.threads'
                when 'app' then 'app.conversations'
                when 'store' then 'store.visits'
                when 'bot' then 'bot.sessions'
            end,
            source_record_id,
            'duration_outlier',
            'kept; first response ' || coalesce(first_response_seconds::text, '-')
            || ' s, handling ' || coalesce(handle_seconds::text, '-') || ' s'
        from {{ facts }}
        where
            (is_first_response_outlier or is_handle_outlier)
            and source_name in ('phone', 'chat', 'email', 'app', 'store', 'bot')
            {{ since_last_queueing('facts') }}
        on conflict (record_type, record_id) do nothing;
    {% endif %}
    insert into {{ operations_schema() }}.watermarks (relation, next_snapshot, snapshot, built_at)
    values
        ('review:rejected', pg_current_snapshot(), pg_current_snapshot(), now()),
        ('review:facts', pg_current_snapshot(), pg_current_snapshot(), now())
    on conflict (relation) do update
    set
        next_snapshot = excluded.next_snapshot,
        snapshot = excluded.snapshot,
        built_at = excluded.built_at;

{% endmacro %}


{% macro since_last_queueing(what) %}
    {% set state = run_query(
        "select pg_snapshot_xmin(snapshot)::text, snapshot::text from "
        ~ operations_schema() ~ ".watermarks where relation = 'review:" ~ what ~ "'"
    ) %}
    {% if state.rows %}and {{ since_snapshot('changed_xid', state.rows[0]) }}{% endif %}
{% endmacro %}
