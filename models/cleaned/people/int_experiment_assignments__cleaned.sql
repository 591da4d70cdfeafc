{{ config(
    unique_key='assignment_id',
    indexes=[
        {'columns': ['assignment_id'], 'unique': true},
        {'columns': ['crm_customer_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_experiment_assignments__judged', 'key': 'assignment_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_experiment_assignments__judged') }}
    {{ only_touched('assignment_id') }}

),

assignments as (

    select * from {{ ref('stg_marketing__experiment_assignments') }}

),

final as (

    select

        -- ids
        assignments.assignment_id,
        assignments.crm_customer_id,

        -- strings
        assignments.experiment_name,
        assignments.variant_name,
        verdicts.flags,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- timestamps
        assignments.assigned_at,
        verdicts.first_exported_at

    from verdicts
    inner join assignments
        on verdicts.row_id = assignments.row_id
    where verdicts.rejection_reason is null

)

select * from final
