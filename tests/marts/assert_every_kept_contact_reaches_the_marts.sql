{{ config(meta={'dagster': {'ref': {'name': 'fct_interactions'}}}) }}

-- marts may add columns, never lose or repeat a contact
with

expected as (

    select interaction_id
    from {{ ref('int_interactions__unioned') }}

),

found as (

    select interaction_id
    from {{ ref('fct_interactions') }}

)

(
    select * from expected
    except all
    select * from found
)
union all
(
    select * from found
    except all
    select * from expected
)
