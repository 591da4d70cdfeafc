{#
    BG/NBD and Gamma-Gamma, scored in SQL. `rows` is a relation or alias with

      r, alpha, a, b, p, q, v   the seven fitted numbers
      x                         purchases after the first
      t_x                       weeks from the first purchase to the last
      weeks                     weeks from the first purchase to the moment of scoring
      m                         mean amount of the purchases after the first

    all double precision. Derivations: Fader, Hardie and Lee (2005), "Counting your
    customers the easy way"; Fader and Hardie (2013), "The Gamma-Gamma model of monetary
    value". Definitions in words: models/marts/customer_360/_customer_360__docs.md

    A fit may find any numbers: where nobody differs from the others, or all have left, a
    and b are thousands. So nothing here is a power or a series that leaves the range of
    doubles, which Postgres answers with an error
#}

{#
    e to the power of what may be far below or above what a double holds; null of null, of
    which `least` and `greatest` would make a number
#}
{% macro safe_exp(exponent) -%}
    case
        when ({{ exponent }}) is not null
            then exp(greatest(least({{ exponent }}, 600.0), -600.0))
    end
{%- endmacro %}


{# the chance that a customer still buys #}
{% macro alive_chance(rows) -%}
    (
        1.0 / (
            1.0 + case when {{ rows }}.x > 0 then
                {{ safe_exp(
                    'ln(' ~ rows ~ '.a / (' ~ rows ~ '.b + ' ~ rows ~ '.x - 1.0))'
                    ~ ' + (' ~ rows ~ '.r + ' ~ rows ~ '.x) * ln('
                    ~ '(' ~ rows ~ '.alpha + ' ~ rows ~ '.weeks)'
                    ~ ' / (' ~ rows ~ '.alpha + ' ~ rows ~ '.t_x))'
                ) }}
            else 0.0 end
        )
    )
{%- endmacro %}


{#
    A lateral relation of one row: `purchases` within so many weeks of a customer who still
    buys. Whoever leaves after each purchase with chance c makes
    (1 - (1 + c * horizon / (alpha + weeks)) ^ -(r + x)) / c of them; the mean of that over
    c, which is distributed as beta(a, b + x), is summed up at 97 points of the logit of c.
    They stand close where the mass is and reach as far as it does (sinh), so that six
    digits are right for any a and b
#}
{% macro purchases_of_living(rows, horizon_weeks) -%}
    lateral (
        select
            sum(
                points.weight * case
                    -- the difference from 1 would lose its digits
                    when points.leaves * points.slope * (points.power + 1.0) < 1e-5
                        then
                            points.power * points.slope
                            * (1.0 - (points.power + 1.0) / 2.0 * points.leaves * points.slope)
                    else
                        (
                            1.0 - {{ safe_exp(
                                '-points.power * ln(1.0 + points.leaves * points.slope)'
                            ) }}
                        ) / points.leaves
                end
            ) / sum(points.weight) as purchases
        from (
            select
                spread.power,
                spread.slope,
                cosh(spread.u) * {{ safe_exp(
                    'spread.a * (logs.leaves - spread.most_leaves)'
                    ~ ' + spread.b * (logs.stays - spread.most_stays)'
                ) }} as weight,
                {{ safe_exp('logs.leaves') }} as leaves
            from (
                select
                    centred.*,
                    place.u,
                    centred.middle
                    + sqrt(1.0 / centred.a + 1.0 / centred.b) * sinh(place.u) as logit,
                    -ln(1.0 + centred.b / centred.a) as most_leaves,
                    -ln(1.0 + centred.a / centred.b) as most_stays
                from (
                    select
                        {{ rows }}.a,
                        {{ rows }}.b + {{ rows }}.x as b,
                        {{ rows }}.r + {{ rows }}.x as power,
                        {{ horizon_weeks }} / ({{ rows }}.alpha + {{ rows }}.weeks) as slope,
                        ln({{ rows }}.a / ({{ rows }}.b + {{ rows }}.x)) as middle
                    where {{ rows }}.a is not null and {{ rows }}.weeks is not null
                    -- kept in columns instead of in every term
                    offset 0
                ) as centred
                cross join (
                    select step / 8.0::float8 as u from generate_series(-48, 48) as step
                ) as place
                offset 0
            ) as spread
            cross join lateral (
                select
                    least(spread.logit, 0.0)
                    - ln(1.0 + {{ safe_exp('-abs(spread.logit)') }}) as leaves,
                    least(-spread.logit, 0.0)
                    - ln(1.0 + {{ safe_exp('-abs(spread.logit)') }}) as stays
                offset 0
            ) as logs
            offset 0
        ) as points
    )
{%- endmacro %}


{# what one purchase of a customer brings #}
{% macro purchase_amount(rows) -%}
    (
        {{ rows }}.p * ({{ rows }}.v + {{ rows }}.x * {{ rows }}.m)
        / ({{ rows }}.p * {{ rows }}.x + {{ rows }}.q - 1.0)
    )
{%- endmacro %}
