{{ config(
    unique_key='condition_id',
    indexes=[
        {'columns': ['condition_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [{'parent': 'seed_labels', 'key': "coalesce(label, '')"}],
        'touched_key': 'label',
        'running': 'true',
    }
) }}

with

listed as (

    select * from {{ ref('seed_labels') }}

),

measures as (

    select kinds.*
    from (
        values
        {{ label_measure_kinds() }}
    ) as kinds (measure, measure_kind)

),

parsed as (

    select
        coalesce(trim(listed.label), '') as label,
        trim(listed.label_name) as label_name,
        trim(listed.label_name_zh) as label_name_zh,
        coalesce(trim(listed.rule_number), '') as rule_number,
        trim(listed.measure) as measure,
        trim(listed.comparison) as comparison,
        trim(listed.threshold) as threshold,
        trim(listed.owner) as owner,
        trim(listed.valid_from) as valid_from,
        trim(listed.valid_to) as valid_to,
        measures.measure_kind,
        case
            when measures.measure_kind = 'number'
                and trim(listed.threshold) ~ '^-?[0-9]+([.][0-9]+)?$'
                then trim(listed.threshold)::numeric
        end as threshold_number,
        {% for day in ['valid_from', 'valid_to'] %}
            {{ readable_date('trim(listed.' ~ day ~ ')') }} as {{ day }}_date,
        {% endfor %}
        row_number() over (
            partition by
                trim(listed.label),
                trim(listed.rule_number),
                trim(listed.measure),
                trim(listed.comparison)
            order by listed.threshold asc, listed.owner asc
        ) as repetition
    from listed
    left join measures
        on trim(listed.measure) = measures.measure

),

judged as (

    select
        *,
        case
            when label !~ '^[a-z][a-z0-9_]*$' then 'label_is_no_code'
            when label_name is null or label_name = '' then 'no_name'
            when owner is null or owner = '' then 'no_owner'
            when rule_number !~ '^[1-9][0-9]{0,2}$' then 'rule_number_is_no_number'
            when measure_kind is null then 'unknown_measure'
            when comparison is null then 'unknown_comparison'
            when comparison in ('at_least', 'at_most', 'above', 'below')
                then case
                        when measure_kind <> 'number' then 'measure_is_no_number'
                        when threshold_number is null then 'threshold_is_no_number'
                    end
            when comparison in ('is', 'is_not')
                then case
                        when threshold is null or threshold = '' then 'no_threshold'
                        when measure_kind = 'number' and threshold_number is null
                            then 'threshold_is_no_number'
                    end
            when comparison = 'is_one_of'
                then case
                        when measure_kind <> 'text' then 'measure_is_no_text'
                        when threshold is null or threshold = '' then 'no_threshold'
                    end
            else 'unknown_comparison'
        end as rule_reason,
        case
            when valid_from_date is null then 'valid_from_is_no_date'
            when valid_to <> '' and valid_to_date is null then 'valid_to_is_no_date'
            when valid_to_date < valid_from_date then 'valid_to_before_valid_from'
            when repetition > 1 then 'repeated_condition'
        end as validity_reason
    from parsed

),

final as (

    select

        -- ids
        label || '|' || rule_number || '|' || coalesce(measure, '')
        || '|' || coalesce(comparison, '') || '|' || repetition as condition_id,

        -- strings
        label,
        label_name,
        label_name_zh,
        rule_number,
        measure,
        comparison,
        threshold,
        owner,
        coalesce(rule_reason, validity_reason) as rejection_reason,

        -- numerics
        threshold_number,
        pg_current_xact_id() as changed_xid,

        -- booleans
        -- one bad row makes the label another one than was meant
        not coalesce(
            bool_or(coalesce(rule_reason, validity_reason) is not null)
                over (partition by label),
            false
        )
        and {{ business_date(as_of()) }} >= valid_from_date
        and {{ business_date(as_of()) }} <= coalesce(valid_to_date, 'infinity')
            as is_in_force,

        -- dates
        valid_from_date,
        valid_to_date

    from judged

)

select * from final
