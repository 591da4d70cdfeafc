{#
    The additive parts of `live.minutes`: what each counts of a contact that counts. Those
    that the hours of the marts have too bear their name in `live_hour_parts`
#}
{% macro live_parts() %}
    {% set parts = {
        'contacts': '1',
        'arrivals': 'is_offered::integer',
        'handled': 'is_handled::integer',
        'responded': '(first_response_seconds is not null)::integer',
        'first_response_seconds_sum': 'coalesce(first_response_seconds, 0)',
    } %}
    {% for edge in first_response_edges() %}
        {% do parts.update({
            'first_response_within_' ~ edge ~ '_seconds_count':
                'coalesce(first_response_seconds <= ' ~ edge ~ ', false)::integer'
        }) %}
    {% endfor %}
    {% do parts.update({
        'within_target': 'is_within_target::integer',
        'abandoned': 'is_abandoned::integer',
        'short_abandoned': 'is_short_abandoned::integer',
        'callbacks': 'is_callback::integer',
        'handed_off': 'is_handed_off::integer',
        'ended': '(ended_at is not null)::integer',
    }) %}
    {{ return(parts) }}
{% endmacro %}


{# the parts as `kpi_channel_hourly` calls them: its name, then ours #}
{% macro live_hour_parts() %}
    {% set parts = {
        'contact_count': 'contacts',
        'offered_count': 'arrivals',
        'handled_count': 'handled',
        'abandoned_count': 'abandoned',
        'short_abandoned_count': 'short_abandoned',
        'callback_count': 'callbacks',
        'handed_off_count': 'handed_off',
        'first_response_count': 'responded',
        'first_response_seconds_sum': 'first_response_seconds_sum',
    } %}
    {% for edge in first_response_edges() %}
        {% set name = 'first_response_within_' ~ edge ~ '_seconds_count' %}
        {% do parts.update({name: name}) %}
    {% endfor %}
    {{ return(parts) }}
{% endmacro %}
