{{ config(meta={'dagster': {'ref': {'name': 'int_pairs__scored'}}}) }}

-- scores of two versions do not compare: an adoption that stopped half-way is finished
-- by the same `frontdesk identity adopt`

with

pairs as (

    select * from {{ ref('int_pairs__scored') }}

),

weights as (

    select * from {{ ref('int_identity_weights__cleaned') }}

),

adopted as (

    select max(model_version) as model_version
    from weights

)

select
    pairs.model_version,
    adopted.model_version as adopted_version,
    count(*) as pair_count
from pairs
cross join adopted
where pairs.model_version <> adopted.model_version
group by pairs.model_version, adopted.model_version
