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
#}

{# the chance that a customer still buys #}
{% macro alive_chance(rows) -%}
    (
        1.0 / (
            1.0 + case when {{ rows }}.x > 0 then
                {{ rows }}.a / ({{ rows }}.b + {{ rows }}.x - 1.0)
                * power(
                    ({{ rows }}.alpha + {{ rows }}.weeks) / ({{ rows }}.alpha + {{ rows }}.t_x),
                    {{ rows }}.r + {{ rows }}.x
                )
            else 0.0 end
        )
    )
{%- endmacro %}


{#
    Gauss' hypergeometric series of (c - a, c - b; c; z), by Horner's rule: after Euler's
    transformation its terms fall even where z is near 1, which those of (a, b; c; z) do
    not. Names of columns, as the text is long enough
#}
{% macro transformed_series(first, second, third, z, terms=96) -%}
    {%- for back in range(terms) -%}
        (1.0 + ({{ first }} + {{ loop.index0 }}) * ({{ second }} + {{ loop.index0 }})
        / (({{ third }} + {{ loop.index0 }}) * {{ loop.index }}) * {{ z }} *
    {%- endfor -%}
    1.0
    {%- for back in range(terms) -%} ) {%- endfor -%}
{%- endmacro %}


{#
    A lateral relation of one row: `alive_chance`, `expected_purchases` within so many
    weeks, `expected_amount` of each. For horizons of up to a year: the series has so many
    terms as that needs
#}
{% macro value_model(rows, horizon_weeks) -%}
    lateral (
        select
            {{ alive_chance(rows) }} as alive_chance,
            {{ alive_chance(rows) }}
            * ({{ rows }}.a + {{ rows }}.b + {{ rows }}.x - 1.0) / ({{ rows }}.a - 1.0)
            * (
                1.0
                - power(
                    ({{ rows }}.alpha + {{ rows }}.weeks)
                    / ({{ rows }}.alpha + {{ rows }}.weeks + {{ horizon_weeks }}),
                    {{ rows }}.r + {{ rows }}.x
                )
                * power(1.0 - z, f + s - c)
                * {{ transformed_series('f', 's', 'c', 'z') }}
            ) as expected_purchases,
            {{ rows }}.p * ({{ rows }}.v + {{ rows }}.x * {{ rows }}.m)
            / ({{ rows }}.p * {{ rows }}.x + {{ rows }}.q - 1.0) as expected_amount
        from (
            select
                {{ rows }}.a + {{ rows }}.b - 1.0 - {{ rows }}.r as f,
                {{ rows }}.a - 1.0 as s,
                {{ rows }}.a + {{ rows }}.b + {{ rows }}.x - 1.0 as c,
                {{ horizon_weeks }}
                / ({{ rows }}.alpha + {{ rows }}.weeks + {{ horizon_weeks }}) as z
            -- keeps the four in columns instead of in every term
            offset 0
        ) as series
    )
{%- endmacro %}
