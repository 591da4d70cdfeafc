{#
    The verdict on each record of `ruled` (key, row_id, version_count, first_exported_at,
    duplicate_of_id, rule_reason, flags): what the rules said, unless a reviewer decided
#}
{% macro verdict(ruled, key, record_type, group=none) -%}
    select
        {{ ruled }}.{{ key }},
        {% if group %}{{ ruled }}.{{ group }},{% endif %}
        {{ ruled }}.duplicate_of_id::text as duplicate_of_id,
        case
            when decisions.decision = 'keep' then null
            when decisions.decision = 'reject'
                then coalesce({{ ruled }}.rule_reason, 'rejected_by_review')
            else {{ ruled }}.rule_reason
        end as rejection_reason,
        {{ ruled }}.flags,
        {{ ruled }}.row_id,
        {{ ruled }}.version_count,
        pg_current_xact_id() as changed_xid,
        {{ ruled }}.first_exported_at
    from {{ ruled }}
    left join (
        select * from {{ ref('stg_frontdesk__decisions') }}
    ) as decisions
        on
            decisions.record_id = {{ ruled }}.{{ key }}
            and decisions.record_type = '{{ record_type }}'
{%- endmacro %}
