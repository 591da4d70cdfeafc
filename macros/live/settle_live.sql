{#
    After a build: what landed before the triggers is filled in, once; what was put off is
    taken in; lists that people edit are copied. What it locks is let go at once
#}
{% macro settle_live() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}{{ return('') }}{% endif %}
    {% if target.name != 'default' %}{{ return('') }}{% endif %}
    {% set schema = live_schema() %}
    select {{ schema }}.sync_lists();
    select {{ schema }}.rebuild() from {{ schema }}.settings where filled_at is null;
    -- what lands unheard until the next build is filled in by that one
    update {{ schema }}.settings set filled_at = null
    where exists (select 1 from {{ schema }}.unheard());
    commit;
    begin;
    {{ live_catch_up_text() }}
{% endmacro %}
