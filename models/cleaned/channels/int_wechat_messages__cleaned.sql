{{ config(
    unique_key='source_record_id',
    indexes=[
        {'columns': ['source_record_id'], 'unique': true},
        {'columns': ['message_id']},
        {'columns': ['interaction_id']},
        {'columns': ['source_interaction_id']},
        {'columns': ['openid']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_wechat_messages__judged', 'key': 'openid'},
        ],
        'touched_key': 'openid',
        'moves': ['interaction_id', 'source_interaction_id'],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_wechat_messages__judged') }}
    {{ only_touched('openid') }}

),

messages as (

    select * from {{ ref('stg_wechat__messages') }}

),

kept as (

    select
        messages.*,
        verdicts.flags,
        verdicts.first_exported_at,
        lag(messages.sent_at) over in_order as previous_sent_at
    from verdicts
    inner join messages
        on verdicts.row_id = messages.row_id
    where verdicts.rejection_reason is null
    window in_order as (
        partition by messages.app_id, messages.openid
        order by messages.sent_at asc, messages.message_id asc
    )

),

numbered as (

    -- a silence longer than the gap ends one contact and starts the next
    select
        *,
        count(*) filter (
            where
            previous_sent_at is null
            or sent_at - previous_sent_at
            > interval '{{ var("contact_gap_seconds") }} seconds'
        ) over (
            partition by app_id, openid
            order by sent_at asc, message_id asc
        ) as contact_number
    from kept

),

cut as (

    select
        *,
        first_value(message_id) over (
            partition by app_id, openid, contact_number
            order by sent_at asc, message_id asc
        ) as first_message_id
    from numbered

),

final as (

    select

        -- ids
        {{ surrogate_key(["'wechat'", 'message_id']) }} as message_id,
        {{ surrogate_key(["'wechat'", 'first_message_id']) }} as interaction_id,
        message_id as source_record_id,
        first_message_id as source_interaction_id,
        case when direction_raw = 'out' then agent_id end as agent_id,
        app_id,
        openid,
        unionid,

        -- strings
        'wechat' as source_name,
        sender_type_raw as sender_type,
        {{ standardise_text('text_raw') }} as message_text,
        null::text as intent,
        flags,
        tag_raw as tag,

        -- numerics
        null::double precision as intent_confidence,
        pg_current_xact_id() as changed_xid,

        -- booleans
        true as is_public,
        false as is_automatic,
        false as is_fallback,

        -- timestamps
        sent_at,
        first_exported_at

    from cut

)

select * from final
