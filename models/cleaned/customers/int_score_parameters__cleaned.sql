{{ config(
    unique_key='parameter_id',
    indexes=[
        {'columns': ['parameter_id'], 'unique': true},
        {'columns': ['model_segment_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'stg_value__parameters', 'key': 'model_segment_id'},
            {'parent': 'seed_score_coefficients', 'key': "score || '|any'"},
        ],
        'touched_key': 'model_segment_id',
        'running': "segment = 'any'",
    }
) }}

with

fitted as (

    select * from {{ ref('stg_value__parameters') }}
    {{ only_touched('model_segment_id') }}

),

shipped as (

    select * from {{ ref('seed_score_coefficients') }}

),

known as (

    select
        model_segment_id,
        model,
        segment,
        parameter,
        model_version,
        parameter_value
    from fitted
    union all
    select
        score || '|any' as model_segment_id,
        score as model,
        'any' as segment,
        measure as parameter,
        model_version,
        coefficient as parameter_value
    from shipped

),

ranked as (

    -- the whole of a version is in force, so a number that it lacks is none
    select
        *,
        rank() over (
            partition by model_segment_id
            order by model_version desc
        ) as version_rank
    from known

),

final as (

    select

        -- ids
        model_segment_id || '|' || parameter as parameter_id,
        model_segment_id,

        -- strings
        model,
        segment,
        parameter,

        -- numerics
        model_version,
        parameter_value::float8 as parameter_value,
        pg_current_xact_id() as changed_xid

    from ranked
    where version_rank = 1

)

select * from final
