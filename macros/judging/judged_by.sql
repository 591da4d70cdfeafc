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
        {% do meta.update(
            {'closed_over': {
                'model': staging,
                'key': key,
                'column': same,
                'near': near,
                'seconds': var('duplicate_window_seconds'),
            }}
        ) %}
    {% endif %}
    {{ return(meta) }}
{% endmacro %}
