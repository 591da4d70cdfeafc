{#
    what contacts say of a unit of an experiment, in its window and, as its history, in as
    many days before
#}
{% macro outcome_parts(contacts, units) -%}
    {%- set within = contacts ~ '.started_at >= ' ~ units ~ '.assigned_at' -%}
    count(*) filter (where {{ within }}) as contact_count,
    count(*) filter (where not {{ within }}) as prior_contact_count,
    count(*) filter (where {{ within }} and {{ contacts }}.is_complaint)
        as complaint_count,
    count({{ contacts }}.csat_score) filter (where {{ within }}) as csat_answer_count,
    count(*) filter (where {{ within }} and {{ contacts }}.csat_score >= 4)
        as csat_satisfied_count,
    count({{ contacts }}.handle_seconds) filter (where {{ within }}) as handle_count,
    coalesce(sum({{ contacts }}.handle_seconds) filter (where {{ within }}), 0)::bigint
        as handle_seconds_sum
{%- endmacro %}
