{{ config(
    unique_key='customer_label_id',
    full_refresh=false,
    indexes=[
        {'columns': ['customer_id']},
        {'columns': ['label', 'until_at']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'customer_360', 'key': 'customer_id'},
            {
                'parent': 'int_label_conditions__cleaned',
                'key': "'every customer'",
                'each': 'unnest(array(select customer_id from [customer_360]))',
            },
            {
                'parent': 'int_label_conditions__cleaned',
                'key': 'condition_id',
                'where': 'false',
                'each': 'unnest(array(select customer_id from [customer_360]))',
            },
        ],
        'touched_key': 'customer_id',
    }
) }}

-- rules that change are about everyone, and so are those that left the list (the second
-- condition of the parent hears of keys that were given up alone);
-- since when somebody bears a label cannot be told from what is known today: this table
-- outlives a full refresh

with

customers as (

    select * from {{ ref('customer_360') }}
    {{ only_touched('customer_id') }}

),

conditions as materialized (

    select * from {{ ref('int_label_conditions__cleaned') }}
    where is_in_force

),

actions as (

    select * from {{ ref('seed_next_actions') }}

),

stays as materialized (

    {{ label_stays() }}

),

rules as (

    select
        label,
        rule_number,
        max(label_name) as label_name,
        max(label_name_zh) as label_name_zh,
        count(*) as condition_count
    from conditions
    group by label, rule_number

),

measured as (

    select
        customers.customer_id,
        measures.measure,
        measures.measured_number,
        measures.measured_text
    from customers
    cross join lateral (
        values
        {{ label_measure_rows('customers') }}
    ) as measures (measure, measured_number, measured_text)

),

met as (

    select
        measured.customer_id,
        conditions.label,
        conditions.rule_number,
        count(*) as condition_count
    from measured
    inner join conditions
        on measured.measure = conditions.measure
    where
        case conditions.comparison
            when 'at_least' then measured.measured_number >= conditions.threshold_number
            when 'at_most' then measured.measured_number <= conditions.threshold_number
            when 'above' then measured.measured_number > conditions.threshold_number
            when 'below' then measured.measured_number < conditions.threshold_number
            when 'is'
                then coalesce(
                        measured.measured_number = conditions.threshold_number,
                        measured.measured_text = conditions.threshold
                    )
            when 'is_not'
                then coalesce(
                        measured.measured_number <> conditions.threshold_number,
                        measured.measured_text <> conditions.threshold
                    )
            when 'is_one_of'
                then
                    measured.measured_text
                    = any(string_to_array(conditions.threshold, '|'))
        end
    group by measured.customer_id, conditions.label, conditions.rule_number

),

held as materialized (

    select
        met.customer_id,
        met.label,
        max(rules.label_name) as label_name,
        max(rules.label_name_zh) as label_name_zh
    from met
    inner join rules
        on
            met.label = rules.label
            and met.rule_number = rules.rule_number
            and met.condition_count = rules.condition_count
    group by met.customer_id, met.label

),

gone_on as materialized (

    -- what ended at this very moment and holds again never ended
    select
        stays.customer_id,
        stays.label,
        coalesce(held.label_name, stays.label_name) as label_name,
        coalesce(held.label_name_zh, stays.label_name_zh) as label_name_zh,
        stays.since_at,
        case
            when stays.until_at < {{ as_of() }} then stays.until_at
            when held.label is null then coalesce(stays.until_at, {{ as_of() }})
        end as until_at
    from stays
    left join held
        on
            stays.customer_id = held.customer_id
            and stays.label = held.label

),

begun as (

    select
        held.customer_id,
        held.label,
        held.label_name,
        held.label_name_zh,
        {{ as_of() }} as since_at,
        null::timestamptz as until_at
    from held
    left join gone_on
        on
            held.customer_id = gone_on.customer_id
            and held.label = gone_on.label
            and gone_on.until_at is null
    where gone_on.label is null

),

known as (

    select
        customer_id,
        label,
        label_name,
        label_name_zh,
        since_at,
        until_at
    from gone_on
    -- a stay without length was seen by nobody
    where until_at is null or until_at > since_at
    union all
    select
        customer_id,
        label,
        label_name,
        label_name_zh,
        since_at,
        until_at
    from begun

),

final as (

    select

        -- ids
        {{ surrogate_key([
            'known.customer_id', 'known.label', 'extract(epoch from known.since_at)::bigint'
        ]) }} as customer_label_id,
        known.customer_id,

        -- strings
        known.label,
        known.label_name,
        known.label_name_zh,
        actions.next_action,
        actions.action_text,
        actions.action_text_zh,

        -- numerics
        actions.action_rank,
        pg_current_xact_id() as changed_xid,

        -- booleans
        known.until_at is null as is_current,

        -- timestamps
        known.since_at,
        known.until_at

    from known
    left join actions
        on known.label = actions.label

)

select * from final
