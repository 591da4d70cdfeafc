{#
    Compared pairs with their bits by the weights of one version of the model: what is
    shared, less how contested it is, and what each comparison says. `evidence_bits` are
    the bits without what clashes; `state` is what the bits ask for, null when nothing;
    `shared_type` is the type of the one value shared, null when it is none or several
#}
{% macro scored_pairs(pairs, patterned, details, weights, households) -%}
{% set comparisons = [
    'name', 'email_name', 'birth', 'gender', 'address', 'city', 'postcode', 'phone', 'email',
    'unionid', 'openid', 'account'
] %}
{% set clashing = ['name', 'birth', 'unionid', 'openid'] %}
    with

    constants as (

        select
            max(model_version) as model_version,
            max(bits) filter (where comparison = 'prior') as prior_bits,
            max(bits) filter (where comparison = 'link') as link_bits,
            max(bits) filter (where comparison = 'review') as review_bits,
            max(bits) filter (where comparison = 'contest' and level = 'base') as contest_base,
            max(bits) filter (where comparison = 'contest' and level = 'doubling')
                as contest_doubling,
            max(bits) filter (where comparison = 'weak') as weak_bits,
            max(bits) filter (where comparison = 'logins') as logins_bits,
            max(bits) filter (where comparison = 'further') as further_share,
            max(bits) filter (where comparison = 'bare' and level = 'crowd') as crowd_bits
        from {{ weights }}

    ),

    -- what a pair shares repeats itself: a few patterns stand for millions of pairs
    patterns as materialized (

        select distinct shared
        from {{ patterned }}

    ),

    shared_bits as materialized (

        select
            patterns.shared,
            max(identifiers.bits)
            + (sum(identifiers.bits) - max(identifiers.bits)) * max(identifiers.further_share)
                as bits
        from patterns
        cross join lateral (
            select
                constants.further_share,
                -- a value of many owners says little, and never speaks against
                greatest(
                    {{ weights }}.bits
                    + case
                        when split_part(identifier, '/', 1) like '% weak%'
                            then constants.weak_bits
                        else 0
                    end
                    + case
                        when identifier like '% logins %'
                            then
                                constants.logins_bits * (
                                    split_part(
                                        split_part(identifier, ' logins ', 2), '/', 1
                                    )::integer - 1
                                )
                        else 0
                    end
                    + case
                        when identifier like '%/%'
                            then
                                constants.contest_base
                                + constants.contest_doubling
                                * ln(split_part(identifier, '/', 2)::float8) / ln(2)
                        else 0
                    end,
                    0
                ) as bits
            from unnest(patterns.shared) as identifier
            cross join constants
            inner join {{ weights }}
                on
                    {{ weights }}.comparison = 'shared'
                    and split_part(split_part(identifier, '/', 1), ' ', 1)
                    = {{ weights }}.level
        ) as identifiers
        group by patterns.shared

    ),

    -- the details of bare records, which are all that they have. What would be two of a
    -- household counts unless these places are known to hold one person each
    detail_bits as (

        select
            {{ details }}.pair_id,
            {{ details }}.name_crowd,
            sum(
                case
                    when {{ weights }}.bits > 0
                        then
                            greatest(
                                {{ weights }}.bits
                                + coalesce(nullif(split_part(detail, '/', 2), '')::float8, 0)
                                * constants.crowd_bits,
                                0
                            )
                    else {{ weights }}.bits
                end
            ) as bits
        from {{ details }}
        cross join constants
        cross join lateral unnest({{ details }}.details) as detail
        inner join {{ weights }}
            on
                {{ weights }}.comparison = 'bare'
                and {{ weights }}.level = split_part(detail, '/', 1)
        left join {{ households }}
            on detail = 'household'
        where {{ households }}.has_households is not false
        group by {{ details }}.pair_id, {{ details }}.name_crowd

    ),

    weighed as (

        select
            {{ pairs }}.pair_id,
            {{ pairs }}.atom_a_id,
            {{ pairs }}.atom_b_id,
            {{ pairs }}.verdict,
            case
                when cardinality({{ pairs }}.shared) = 1
                    then split_part(split_part({{ pairs }}.shared[1], '/', 1), ' ', 1)
            end as shared_type,
            constants.model_version,
            constants.link_bits,
            constants.review_bits,
            constants.prior_bits + coalesce(shared_bits.bits, 0) + coalesce(detail_bits.bits, 0)
            + case
                when {{ pairs }}.name_level = 'equal'
                    then
                        greatest(
                            {{ pairs }}.name_bits
                            + coalesce(detail_bits.name_crowd, 0) * constants.crowd_bits,
                            0
                        )
                else 0
            end
            {%- for comparison in comparisons %}
            + {% if comparison in clashing -%}
            case
                when {{ pairs }}.{{ comparison }}_level = 'different' then 0
                else coalesce({{ comparison }}_weights.bits, 0)
            end
            {%- else -%}
            coalesce({{ comparison }}_weights.bits, 0)
            {%- endif %}
            {%- endfor %} as evidence_bits,
            0
            {%- for comparison in clashing %}
            + case
                when {{ pairs }}.{{ comparison }}_level = 'different'
                    then coalesce({{ comparison }}_weights.bits, 0)
                else 0
            end
            {%- endfor %} as clash_bits,
            nullif(
                concat_ws(
                    ', '
                    {%- for comparison in clashing %},
                    case
                        when
                            {{ pairs }}.{{ comparison }}_level = 'different'
                            and not {{ pairs }}.are_bare
                            then '{{ comparison }}'
                    end
                    {%- endfor %}
                ),
                ''
            ) as clash
        from {{ pairs }}
        cross join constants
        left join shared_bits
            on {{ pairs }}.shared = shared_bits.shared
        left join detail_bits
            on {{ pairs }}.pair_id = detail_bits.pair_id
        {%- for comparison in comparisons %}
        left join {{ weights }} as {{ comparison }}_weights
            on
                {{ comparison }}_weights.comparison = '{{ comparison }}'
                and {{ pairs }}.{{ comparison }}_level = {{ comparison }}_weights.level
                {%- if comparison != 'gender' %}
                and not {{ pairs }}.are_bare
                {%- endif %}
        {%- endfor %}
        -- keeps the planner from weighing anew wherever the bits are named
        offset 0

    )

    select
        pair_id,
        atom_a_id,
        atom_b_id,
        model_version,
        clash,
        shared_type,
        round((evidence_bits + clash_bits)::numeric, 2)::float8 as bits,
        round(evidence_bits::numeric, 2)::float8 as evidence_bits,
        case
            when verdict is not null then verdict
            when clash is not null and evidence_bits >= link_bits then 'refused'
            when clash is not null then null
            when evidence_bits >= link_bits then 'linked'
            when evidence_bits >= review_bits then 'review'
        end as state
    from weighed
{%- endmacro %}
