{{ config(
    unique_key='topic_label_id',
    indexes=[
        {'columns': ['interaction_id']},
        {'columns': ['started_date', 'label_kind']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_interactions', 'key': 'interaction_id'},
            {'parent': 'int_topic_hits__counted', 'key': 'interaction_id'},
        ],
        'touched_key': 'interaction_id',
    }
) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    {{ only_touched('interaction_id') }}

),

-- imported anew: read twice, an import would be written down whole
sourced as (

    select
        interaction_id,
        'topic' as label_kind,
        topic as label
    from {{ ref('fct_interactions') }}
    {{ only_touched('interaction_id') }}

),

hits as (

    select * from {{ ref('int_topic_hits__counted') }}
    {{ only_touched('interaction_id') }}

),

labels as (

    select
        interaction_id,
        label_kind,
        label
    from sourced
    where label is not null
    union
    select
        interaction_id,
        label_kind,
        label
    from hits

),

final as (

    select

        -- ids
        labels.interaction_id || '|' || labels.label_kind || '|' || labels.label
            as topic_label_id,
        labels.interaction_id,

        -- strings
        labels.label_kind,
        labels.label,
        interactions.channel,

        -- numerics
        pg_current_xact_id() as changed_xid,

        -- booleans
        coalesce(
            labels.label = case labels.label_kind
                when 'topic' then interactions.topic
                when 'issue' then interactions.issue_name
                else interactions.product_name
            end,
            false
        ) as is_main,

        -- dates
        interactions.started_date

    from labels
    inner join interactions
        on labels.interaction_id = interactions.interaction_id

)

select * from final
