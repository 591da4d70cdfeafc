{#
    After a run: what each gate (data test) found. A failing gate is asked once more for
    the keys of a few of its rows; other columns may tell of persons and are not kept
#}
{% macro note_gates(results) %}
    {% if not execute or flags.WHICH not in ('build', 'test') %}{{ return('') }}{% endif %}
    {% set counts = {'pass': 0, 'warn': 0, 'fail': 0, 'error': 0, 'skipped': 0} %}
    {% set rows = [] %}
    {% set passed = [] %}
    {% set sampled = namespace(count=0) %}
    {% for result in results if result.node.resource_type == 'test' %}
        {% set outcome = result.status | string %}
        {% set outcome = outcome.split('.')[-1] | lower %}
        {% do counts.update({outcome: counts.get(outcome, 0) + 1}) %}
        {% if outcome == 'pass' and 'is_ungated(' in result.node.raw_code %}
            {% do passed.append('gate.' ~ result.node.name) %}
        {% endif %}
        {% if outcome != 'skipped' %}
            {% set sample = namespace(keys='[]') %}
            {% if outcome in ('fail', 'warn') and result.failures and sampled.count < 50 %}
                {% set sampled.count = sampled.count + 1 %}
                {% set sample.keys = failing_keys(result.node.compiled_code) %}
            {% endif %}
            {% do rows.append('(' ~ [
                gate_literal(result.node.unique_id),
                gate_literal(result.node.name),
                gate_literal(gate_model(result.node)),
                gate_literal(result.node.column_name),
                gate_literal(result.node.config.severity | lower),
                gate_literal(outcome),
                (result.failures if outcome != 'error' and result.failures is not none
                    else 'null') ~ '::bigint',
                gate_literal(result.message if outcome != 'pass' else none),
                gate_literal(sample.keys) ~ '::jsonb',
            ] | join(', ') ~ ')') %}
        {% endif %}
    {% endfor %}
    {% if not rows and not counts['skipped'] %}{{ return('') }}{% endif %}
    insert into {{ operations_schema() }}.gate_runs (
        run_id, command, passed_count, warned_count, failed_count, errored_count,
        skipped_count
    )
    values (
        '{{ invocation_id }}', '{{ flags.WHICH }}', {{ counts['pass'] }},
        {{ counts['warn'] }}, {{ counts['fail'] }}, {{ counts['error'] }},
        {{ counts['skipped'] }}
    )
    on conflict (run_id) do nothing;
    {% if passed %}
    -- nothing that they look at was written after them: the next time they look on from here
    insert into {{ operations_schema() }}.watermarks (relation, next_snapshot, snapshot)
    select relation, pg_current_snapshot(), pg_current_snapshot()
    from unnest(array['{{ passed | join("', '") }}']) as relation
    on conflict (relation) do update
    set next_snapshot = excluded.next_snapshot, snapshot = excluded.snapshot;
    {% endif %}
    {% if rows %}
    insert into {{ operations_schema() }}.gate_results (
        run_id, gate_id, gate_name, model_name, column_name, severity, outcome,
        failing_row_count, message, sample_keys
    )
    select '{{ invocation_id }}', found.*
    from (
        values
        {{ rows | join(',\n        ') }}
    ) as found (
        gate_id, gate_name, model_name, column_name, severity, outcome,
        failing_row_count, message, sample_keys
    )
    left join lateral (
        select results.outcome, results.noted_at
        from {{ operations_schema() }}.gate_results as results
        where results.gate_id = found.gate_id
        order by results.gate_result_id desc
        limit 1
    ) as last_result on true
    where
        found.outcome <> 'pass'
        or last_result.outcome is distinct from 'pass'
        or {{ business_date('last_result.noted_at') }} <> {{ business_date('now()') }};
    {% endif %}
{% endmacro %}


{# a text as a literal of SQL, or null #}
{% macro gate_literal(text) -%}
    {%- if text is none or text is undefined -%}
        null::text
    {%- else -%}
        '{{ (text | string)[:2000] | replace("'", "''") }}'::text
    {%- endif -%}
{%- endmacro %}


{# the model a gate stands at: the one it tests, or the one it is shown at #}
{% macro gate_model(node) %}
    {% if node.attached_node %}{{ return(node.attached_node.split('.')[2]) }}{% endif %}
    {% set shown_at = node.config.meta.get('dagster', {}).get('ref', {}).get('name') %}
    {{ return(shown_at) }}
{% endmacro %}


{# the keys of up to five rows that a gate complains about #}
{% macro failing_keys(compiled_code) %}
    {% if not compiled_code %}{{ return('[]') }}{% endif %}
    {% set found = run_query(
        "select coalesce(jsonb_agg(sample.keys) filter (where sample.keys is not null), '[]')::text"
        ~ " from (select (select jsonb_object_agg(part.key, part.value)"
        ~ " from jsonb_each(to_jsonb(failing)) as part"
        ~ " where part.key ~ '(_id|_date|_type|_reason)$'"
        ~ " or part.key in ('channel', 'unique_field', 'n_records')) as keys"
        ~ " from (\n" ~ compiled_code ~ "\n) as failing limit 5) as sample"
    ) %}
    {{ return(found.rows[0][0]) }}
{% endmacro %}
