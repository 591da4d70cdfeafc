{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'int_label_conditions__cleaned'}}},
) }}

-- a label that cannot be followed is given to nobody, so the others need not wait

select
    label,
    rule_number,
    measure,
    comparison,
    threshold,
    owner,
    rejection_reason
from {{ ref('int_label_conditions__cleaned') }}
where rejection_reason is not null
