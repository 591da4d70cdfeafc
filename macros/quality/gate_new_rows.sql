{#
    A refresh by the minute asks the gates of a model of the rows it is about to write,
    all in one statement, before it writes them: what is refused is never seen, and the
    model stays as it was until the cause is mended. `meta.gates` is put there by the
    refresh (orchestration/transform/refresh/manifests.py); a build has none, and asks
    every gate of the whole table when it is done
#}
{% macro gate_new_rows(rows) %}
    {% set gates = (config.get('meta') or {}).get('gates') or [] %}
    {% if not execute or not gates %}{{ return('') }}{% endif %}
    {% set asked = [] %}
    {% for gate in gates %}
        {% do asked.append(
            'count(*) filter (where ' ~ gate_refuses(gate) ~ ') as gate_' ~ loop.index0
        ) %}
    {% endfor %}
    {% set found = run_query('select ' ~ asked | join(',\n') ~ '\nfrom ' ~ rows ~ ' as new_rows') %}
    {% set refused = [] %}
    {% for gate in gates %}
        {% set count = found.rows[0][loop.index0] | int %}
        {% if count and gate.severity == 'error' %}
            {% do refused.append(gate.name ~ ' (' ~ count ~ ' rows)') %}
        {% elif count %}
            {% do log('gate ' ~ gate.name ~ ' warns of ' ~ count ~ ' new rows') %}
        {% endif %}
    {% endfor %}
    {% if refused %}
        {% do exceptions.raise_compiler_error(
            'gates refuse new rows: ' ~ refused | join(', ')
        ) %}
    {% endif %}
{% endmacro %}


{# the condition under which a gate refuses a row; the tests of dbt say the same #}
{% macro gate_refuses(gate) -%}
    {%- set column = 'new_rows.' ~ gate.column -%}
    {%- set asked = gate.arguments -%}
    {%- if gate.test == 'not_null' -%}
        {{ column }} is null
    {%- elif gate.test == 'accepted_values' -%}
        {%- set quote = "'" if asked.get('quote', true) else '' -%}
        {%- set accepted = [] -%}
        {%- for value in asked['values'] -%}
            {%- do accepted.append(quote ~ (value | string | replace("'", "''")) ~ quote) -%}
        {%- endfor -%}
        {{ column }} not in ({{ accepted | join(', ') }})
    {%- elif gate.test == 'accepted_range' -%}
        {%- set bounds = [] -%}
        {%- if asked.get('min_value') is not none -%}
            {%- do bounds.append(column ~ ' < ' ~ asked['min_value']) -%}
        {%- endif -%}
        {%- if asked.get('max_value') is not none -%}
            {%- do bounds.append(column ~ ' > ' ~ asked['max_value']) -%}
        {%- endif -%}
        ({{ bounds | join(' or ') or 'false' }})
    {%- elif gate.test == 'relationships' -%}
        {{ column }} is not null and not exists (
            select 1 from {{ relation_of(gate.parent) }} as known
            where known.{{ asked['field'] }} = {{ column }}
            -- keeps the planner to one look-up per row
            offset 0
        )
    {%- else -%}
        {{ exceptions.raise_compiler_error('no gate of new rows is ' ~ gate.test) }}
    {%- endif -%}
{%- endmacro %}
