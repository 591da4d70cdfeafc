{#
    The `meta` of a verdict model: touched by new versions in staging, by decisions of
    reviewers and by what `also` lists. `group` is the column whose rows are judged
    together (the session of a message); duplicates share the column `same` and lie within
    the duplicate window of each other by the column `near`.
#}
{% macro judged_by(staging, key, record_type, group=none, same=none, near=none, also=[]) %}
    {% set decisions = {
        'parent': 'stg_frontdesk__decisions',
        'key': 'record_id',
        'where': "record_type = '" ~ record_type ~ "' and landed_xid is not null",
    } %}
    {% if group and group != key %}
        {% do decisions.update(
            {'via': {'model': staging, 'column': key, 'key': group}}
        ) %}
    {% endif %}
    {% set meta = {
        'touched_by': [{'parent': staging, 'key': group or key}, decisions] + also,
        'touched_key': group or key,
    } %}
    {% if same %}
        {% set close_by -%}
            select neighbours.{{ key }}
            from [{{ staging }}] as versions
            inner join [{{ staging }}] as neighbours
                on neighbours.{{ same }} = versions.{{ same }}
                and neighbours.{{ near }}
                between versions.{{ near }} - interval '{{ var("duplicate_window_seconds") }} seconds'
                and versions.{{ near }} + interval '{{ var("duplicate_window_seconds") }} seconds'
            where versions.{{ key }} = closed.touched_key
        {%- endset %}
        {% do meta.update({'closed_over': close_by | string}) %}
    {% endif %}
    {{ return(meta) }}
{% endmacro %}
