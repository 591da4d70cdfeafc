{#
    The additive parts of the queue KPIs have one home: what each counts, their names, and
    the rates that follow from them. Rows are stays in a queue (`is_stay`) and the contacts
    they belong to (`is_contact`); a contact without known stays is both.
    Definitions in words: models/marts/kpi/_floor__docs.md
#}
{% macro queue_part_definitions() %}
    {% set stays = {
        'offered_count': 'true',
        'transferred_in_count': 'is_transferred_in',
        'from_bot_count': 'is_from_bot',
        'answered_count': 'is_answered',
        'abandoned_count': 'is_abandoned',
        'short_abandoned_count': 'is_short_abandoned',
        'callback_count': 'is_callback',
        'otherwise_ended_count': 'not (is_answered or is_abandoned or is_callback)',
        'transferred_out_count': 'is_transferred_out',
        'answered_within_target_count': 'is_answered_within_target',
        'service_level_count':
            'wait_seconds is not null'
            ~ ' and (is_answered or is_abandoned and not is_short_abandoned)',
        'service_level_offered_count': 'wait_seconds is not null',
        'service_level_answered_count': 'wait_seconds is not null and is_answered',
        'service_level_all_abandons_count':
            'wait_seconds is not null and (is_answered or is_abandoned)',
    } %}
    {% for edge in queue_wait_edges() %}
        {% do stays.update({
            'answered_within_' ~ edge ~ '_seconds_count':
                'is_answered and wait_seconds <= ' ~ edge
        }) %}
    {% endfor %}
    {% set contacts = {
        'contact_count': 'true',
        'contact_answered_count': 'is_contact_answered',
        'contact_abandoned_count': 'is_contact_abandoned',
        'contact_short_abandoned_count': 'is_contact_short_abandoned',
        'contact_callback_count': 'is_contact_callback',
    } %}
    {% set parts = {} %}
    {% for name, condition in stays.items() %}
        {% do parts.update({
            name: 'count(*) filter (where is_stay and (' ~ condition ~ '))'
        }) %}
    {% endfor %}
    {% for name, condition in contacts.items() %}
        {% do parts.update({
            name: 'count(*) filter (where is_contact and (' ~ condition ~ '))'
        }) %}
    {% endfor %}
    {% do parts.update({
        'answered_wait_seconds_sum':
            'coalesce(sum(wait_seconds) filter (where is_stay and is_answered), 0)',
        'abandoned_wait_seconds_sum':
            'coalesce(sum(wait_seconds) filter (where is_stay and is_abandoned), 0)',
    }) %}
    {% for measure in ['talk', 'hold', 'after_work', 'handle'] %}
        {% set stays_only = ' filter (where is_stay and is_answered)' %}
        {% do parts.update({
            measure ~ '_count': 'count(' ~ measure ~ '_seconds)' ~ stays_only,
            measure ~ '_seconds_sum':
                'coalesce(sum(' ~ measure ~ '_seconds)' ~ stays_only ~ ', 0)',
        }) %}
    {% endfor %}
    {{ return(parts) }}
{% endmacro %}


{# upper edges of the histogram of waits, in seconds #}
{% macro queue_wait_edges() %}
    {{ return([10, 20, 30, 60, 120, 300, 600]) }}
{% endmacro %}


{% macro queue_parts() -%}
    {%- for name, expression in queue_part_definitions().items() -%}
        ({{ expression }})::bigint as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# the parts of several rows added up #}
{% macro queue_part_sums() -%}
    {%- for name in queue_part_definitions() -%}
        sum({{ name }})::bigint as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro queue_part_list() -%}
    {{ queue_part_definitions().keys() | join(',\n        ') }}
{%- endmacro %}


{% macro queue_rates() -%}
    {% set shares = {
        'service_level_rate': ['answered_within_target_count', 'service_level_count'],
        'service_level_offered_rate':
            ['answered_within_target_count', 'service_level_offered_count'],
        'service_level_answered_rate':
            ['answered_within_target_count', 'service_level_answered_count'],
        'service_level_all_abandons_rate':
            ['answered_within_target_count', 'service_level_all_abandons_count'],
        'abandonment_rate': ['abandoned_count', 'offered_count'],
        'long_abandonment_rate': [
            '(abandoned_count - short_abandoned_count)',
            '(offered_count - short_abandoned_count)',
        ],
        'transferred_out_rate': ['transferred_out_count', 'answered_count'],
        'transferred_in_rate': ['transferred_in_count', 'offered_count'],
        'transferred_in_with_bot_rate':
            ['(transferred_in_count + from_bot_count)', 'offered_count'],
    } %}
    {%- for name, share in shares.items() -%}
        ({{ share[0] }}::numeric / nullif({{ share[1] }}, 0))::numeric(5, 4) as {{ name }},
        {{ '' }}
    {%- endfor -%}
    (answered_wait_seconds_sum::numeric / nullif(service_level_answered_count, 0))
        ::numeric(12, 1) as asa_seconds,
    (handle_seconds_sum::numeric / nullif(handle_count, 0))::numeric(12, 1) as aht_seconds,
    (talk_seconds_sum::numeric / nullif(talk_count, 0))::numeric(12, 1)
        as average_talk_seconds,
    (hold_seconds_sum::numeric / nullif(hold_count, 0))::numeric(12, 1)
        as average_hold_seconds,
    (after_work_seconds_sum::numeric / nullif(after_work_count, 0))::numeric(12, 1)
        as average_after_work_seconds
{%- endmacro %}


{# why a rate is null #}
{% macro queue_reasons() -%}
    case when service_level_count = 0 then 'no_wait_known' end as service_level_reason,
    case
        when service_level_answered_count > 0 then null
        when answered_count > 0 then 'no_wait_known'
        else 'not_answered'
    end as asa_reason,
    case
        when handle_count > 0 then null
        when answered_count > 0 then 'source_does_not_say'
        else 'not_answered'
    end as aht_reason
{%- endmacro %}
